//! `cofferdam image`: the images on this machine, looked after, and the files that they are made
//! of.

mod fmt;

use std::path::PathBuf;

use bytesize::ByteSize;
use clap::Subcommand;
use serde_json::json;

use crate::args::Listing;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

use fmt::Fmt;

#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Lay out Agentfiles in the usual way
    Fmt(Fmt),
    /// Remove what no image needs: blobs without a name, and what broken pulls have left.
    Prune(Listing),
}

pub(crate) async fn run(image: &Image, data: PathBuf) -> Result<(), Failure> {
    match image {
        Image::Fmt(arguments) => fmt::run(arguments),
        Image::Prune(listing) => prune(listing, data).await,
    }
}

async fn prune(listing: &Listing, data: PathBuf) -> Result<(), Failure> {
    let store = host::image_store(&DataDir::open(data)?)?;
    let swept = tokio::task::spawn_blocking(move || store.prune())
        .await
        .map_err(Failure::work)??;
    if listing.format == Format::Json {
        return console::json(&json!({ "blobs": swept.blobs, "bytes": swept.bytes }));
    }
    console::table(
        &["blobs", "freed"],
        vec![vec![
            swept.blobs.to_string(),
            ByteSize(swept.bytes).to_string(),
        ]],
    );
    Ok(())
}
