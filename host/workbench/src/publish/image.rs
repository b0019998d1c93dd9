//! The image as one file: an OCI image layout in a tar archive, which `skopeo`, `oras` and
//! `cofferdam image import` read.

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use cofferdam_image::{Reference, Store};
use cofferdam_tool::Runner;

use super::subject::Subject;
use crate::build::{BuildEnvironment, image_of};
use crate::error::Error;

/// The annotation by which the MCP registry knows that an image belongs to a name of it.
const SERVER_NAME: &str = "io.modelcontextprotocol.server.name";

/// The image of a tool.
pub(super) struct PackedImage {
    /// The digest of its manifest.
    pub(super) digest: Digest,
    /// Its name in the registry, with this digest.
    pub(super) reference: Reference,
    /// The archive.
    pub(super) archive: Vec<u8>,
}

/// Makes the image.
pub(super) async fn pack(
    subject: &Subject,
    name: &Reference,
    server: &str,
    environment: &BuildEnvironment,
    runner: &Runner,
) -> Result<PackedImage, Error> {
    if name.registry().is_none() || name.digest().is_some() {
        return Err(Error::usage(format!(
            "{name} is no place in a registry: write HOST/NAME[:TAG], without a digest"
        )));
    }
    let component = subject.component.clone();
    let mut image = image_of(&subject.manifest, component, environment, runner).await?;
    let annotation = (SERVER_NAME.to_owned(), server.to_owned());
    image.annotations.extend([annotation]);
    // A store of its own, because the author's is no place for what is only published.
    let directory = tempfile::tempdir().map_err(Error::work)?;
    let store = Dir::open_ambient_dir(directory.path(), ambient_authority())
        .map_err(Error::work)
        .and_then(|directory| Store::open(directory).map_err(Error::work))?;
    let digest = store.put_tool(name, &image).map_err(Error::work)?;
    let mut archive = Vec::new();
    store
        .export(std::slice::from_ref(name), &mut archive)
        .map_err(Error::work)?;
    Ok(PackedImage {
        digest,
        reference: name.pinned(digest),
        archive,
    })
}
