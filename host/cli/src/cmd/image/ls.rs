//! `cofferdam image ls`: the images on this machine.

use clap::Args;
use cofferdam_image::Listed;
use serde_json::json;

use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Print the names alone, one on each line
    #[arg(long, short, conflicts_with = "format")]
    quiet: bool,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(ls: &Ls, data: &DataDir) -> Result<(), Failure> {
    let store = host::image_store(data)?;
    let images = tokio::task::spawn_blocking(move || store.list())
        .await
        .map_err(Failure::work)??;
    if ls.quiet {
        images
            .iter()
            .for_each(|image| console::line(&image.reference));
        return Ok(());
    }
    if ls.format == Format::Json {
        let row = |image: &Listed| {
            let Listed {
                reference,
                digest,
                kind,
                size,
                created,
            } = image;
            json!({
                "reference": reference.to_string(),
                "digest": digest,
                "kind": kind,
                "size": size,
                "created": created,
            })
        };
        return console::json(&images.iter().map(row).collect::<Vec<_>>());
    }
    // Whole digests: other commands take them.
    let row = |image: &Listed| {
        let kind = image.kind.map(|kind| kind.to_string());
        let size = image.size.map(console::size);
        vec![
            image.reference.to_string(),
            kind.unwrap_or_else(|| "damaged".to_owned()),
            size.unwrap_or_default(),
            image.created.clone().unwrap_or_default(),
            image.digest.to_string(),
        ]
    };
    let header = ["reference", "kind", "size", "created", "digest"];
    console::table(&header, images.iter().map(row).collect());
    Ok(())
}
