//! `cofferdam tool rm` and `image rm`: remove images from this machine.

use std::sync::Arc;

use clap::Args;
use cofferdam_image::Reference;
use serde_json::json;

use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// The images: names on this machine, or digests (sha256:…), which take every name of the image
    #[arg(required = true, value_name = "REF")]
    images: Vec<String>,

    /// Format of the output: json gives one object for each image
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(rm: Rm, data: &DataDir) -> Result<(), Failure> {
    let Rm { images, format } = rm;
    let store = Arc::new(host::image_store(data)?);
    // All of them are read before the first is removed.
    let images = images
        .iter()
        .map(|image| image.parse::<Reference>())
        .collect::<Result<Vec<_>, _>>();
    for reference in images.map_err(Failure::usage)? {
        let store = Arc::clone(&store);
        let name = reference.clone();
        let digest = tokio::task::spawn_blocking(move || store.remove(&name))
            .await
            .map_err(Failure::work)??;
        match format {
            Format::Json => {
                console::json(&json!({ "removed": reference.to_string(), "digest": digest }))?
            }
            Format::Table => console::line(format!("removed {reference}, which was {digest}")),
        }
    }
    Ok(())
}
