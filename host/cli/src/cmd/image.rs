//! `cofferdam image`: images of agents, built, looked at and shipped; and all images on this
//! machine, looked after.

pub(super) mod build;
mod export;
mod fmt;
mod import;
mod inspect;
mod ls;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use cofferdam_image::{Error, Listed, Swept};
use serde_json::json;

use self::build::Build;
use self::export::Export;
use self::fmt::Fmt;
use self::import::Import;
use self::inspect::Inspect;
use self::ls::Ls;
use super::tool::pull::{self, Pull};
use super::tool::push::{self, Push};
use super::tool::rm::{self, Rm};
use crate::args::Listing;
use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Build the image of an agent from its Agentfile, and keep it on this machine.
    Build(Build),
    /// Show what an agent is made of, and what each of its tools may do.
    Inspect(Inspect),
    /// List the images on this machine, of agents and of tools.
    Ls(Ls),
    /// Fetch an image from a registry.
    Pull(Pull),
    /// Send an image to a registry.
    Push(Push),
    /// Remove images from this machine, with what no other image needs.
    Rm(Rm),
    /// Write images into one file, an OCI image layout in a tar archive.
    Export(Export),
    /// Take images from such a file.
    Import(Import),
    /// Format Agentfiles in the usual way.
    Fmt(Fmt),
    /// Remove what no image needs: blobs without a name, and what broken pulls have left.
    Prune(Listing),
}

pub(crate) async fn run(
    image: Image,
    config: impl Fn() -> Result<Config, Failure>,
    data: &Path,
) -> Result<(), Failure> {
    let data = || DataDir::open(PathBuf::from(data));
    match image {
        Image::Build(build) => build::run(build, &config()?, &data()?).await,
        Image::Inspect(inspect) => inspect::run(inspect, &config()?, &data()?).await,
        Image::Ls(ls) => ls::run(&ls, &data()?).await,
        Image::Pull(pull) => pull::run(pull, None, &config()?, &data()?).await,
        Image::Push(push) => push::run(push, None, &config()?, &data()?).await,
        Image::Rm(rm) => rm::run(rm, &data()?).await,
        Image::Export(export) => export::run(export, &data()?).await,
        Image::Import(import) => import::run(import, &config()?, &data()?).await,
        Image::Fmt(arguments) => fmt::run(&arguments),
        Image::Prune(listing) => prune(&listing, &data()?).await,
    }
}

/// The result of `image prune`.
struct Pruned {
    swept: Swept,
    left: Vec<Listed>,
}

async fn prune(listing: &Listing, data: &DataDir) -> Result<(), Failure> {
    let store = host::image_store(data)?;
    let pruned = move || {
        Ok::<_, Error>(Pruned {
            swept: store.prune()?,
            left: store.list()?,
        })
    };
    let Pruned { swept, left } = tokio::task::spawn_blocking(pruned)
        .await
        .map_err(Failure::work)??;
    if listing.format == Format::Json {
        return console::json(&json!({ "blobs": swept.blobs, "bytes": swept.bytes }));
    }
    console::table(
        &["blobs", "freed"],
        vec![vec![swept.blobs.to_string(), console::size(swept.bytes)]],
    );
    let is_left_behind = |image: &&Listed| image.reference.digest().is_some();
    let behind = left.iter().filter(is_left_behind).count();
    if behind > 0 {
        console::note(&format!(
            "note: {behind} kept by digest alone, because an agent or a file may mean that: \
             `cofferdam image ls` lists such images as NAME@DIGEST, and `cofferdam image rm \
             NAME@DIGEST` removes one"
        ));
    }
    Ok(())
}
