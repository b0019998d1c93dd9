//! The Agentfile of an agent as its tree keeps it: resolved, if it was made from an image or builds
//! on one, else as it was written. Neither needs an image to be read.

use std::io::{Error, ErrorKind};
use std::path::Path;

use cofferdam_image::ToolSource;
use cofferdam_image::agentfile::{self, Agentfile, ReadError};
use cofferdam_image::{Reference, config_json, from_config_json};

use crate::agent_yaml::Pinned;
use crate::component::Component;
use crate::files;

/// The resolved Agentfile, as the config of an image has it.
pub(crate) const RESOLVED: &str = "etc/image.json";

/// The Agentfile as it was written.
pub(crate) const WRITTEN: &str = "etc/Agentfile";

/// The largest resolved Agentfile that is read, in bytes (16 MiB): one that builds on ten others is
/// larger than any of them.
const MAX_RESOLVED: u64 = 16 << 20;

/// Reads the Agentfile in a tree. Texts of contexts that lie in files, and files of `ADD`, stay
/// empty.
pub(crate) fn agentfile(tree: &Path) -> Result<Agentfile, ReadError> {
    let path = tree.join(RESOLVED);
    let wrong = |source| ReadError::Io {
        path: path.clone(),
        source,
    };
    match files::read(&path, MAX_RESOLVED) {
        Ok(bytes) => from_config_json(&bytes).map_err(|error| wrong(Error::other(error))),
        Err(error) if error.kind() == ErrorKind::NotFound => agentfile::read(&tree.join(WRITTEN)),
        Err(error) => Err(wrong(error)),
    }
}

/// The resolved Agentfile for a tree; nothing where the one that was written says all of it.
/// Components that came from files are named by their digests.
pub(crate) fn resolved(
    written: &Agentfile,
    image: &Pinned,
    components: &[Component],
) -> Result<Option<Vec<u8>>, cofferdam_image::Error> {
    if written.from.is_none() && image.digest.is_empty() {
        return Ok(None);
    }
    let mut agentfile = written.clone();
    for (bin, component) in agentfile.bins.iter_mut().zip(components) {
        if matches!(bin.source, ToolSource::Path(_)) {
            let digest = cofferdam_capability::Digest::of(&component.bytes);
            bin.source = ToolSource::Image(Reference::bare(digest));
        }
    }
    config_json(&agentfile).map(Some)
}
