//! `cofferdam tool ls`: the tool images on this machine.

use cofferdam_image::Kind;
use serde_json::json;

use crate::args::Listing;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

pub(crate) async fn run(listing: &Listing, data: &DataDir) -> Result<(), Failure> {
    let store = host::image_store(data)?;
    let mut images = tokio::task::spawn_blocking(move || store.list())
        .await
        .map_err(Failure::work)??;
    images.retain(|image| image.kind != Some(Kind::Agent));
    if listing.format == Format::Json {
        let row = |image: &cofferdam_image::Listed| {
            json!({
            "reference": image.reference.to_string(), "digest": image.digest })
        };
        return console::json(&images.iter().map(row).collect::<Vec<_>>());
    }
    // Whole digests: `tool run`, `push` and `rm` take them.
    let row = |image: &cofferdam_image::Listed| {
        vec![image.reference.to_string(), image.digest.to_string()]
    };
    console::table(&["reference", "digest"], images.iter().map(row).collect());
    Ok(())
}
