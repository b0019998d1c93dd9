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
            bin.source = ToolSource::Image(Reference::bare(component.digest()));
        }
    }
    config_json(&agentfile).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "FROM scratch\nNAME otter\nMODEL builtin/commands\n\
        BIN wc ./wc.wasm\nCONFIG limit.wc.wall=7s\nENV TEAM=blue \"who\"\n\
        CONTEXT SOUL <<EOF\nBe kind.\nEOF\n";

    fn component() -> Component {
        Component::new(b"a component".as_slice(), None)
    }

    #[test]
    fn an_agent_that_builds_on_an_image_is_read_without_it() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::create_dir(temporary.path().join("etc")).unwrap();
        let mut written = agentfile::parse(TEXT, "Agentfile").unwrap();
        // All that its own file says is here; a parent would have added to it.
        written.from = Some("example.org/base:1".parse().unwrap());
        let none = Pinned::default();
        let kept = resolved(&written, &none, &[component()]).unwrap().unwrap();
        std::fs::write(temporary.path().join(RESOLVED), kept).unwrap();
        let text = TEXT.replace("FROM scratch", "FROM example.org/base:1");
        std::fs::write(temporary.path().join(WRITTEN), text).unwrap();
        let read = agentfile(temporary.path()).unwrap();
        assert_eq!(read.from, written.from);
        assert_eq!(read.requests, written.requests);
        assert_eq!(read.envs, written.envs);
        assert_eq!(read.contexts, written.contexts);
        let ToolSource::Image(reference) = &read.bins[0].source else {
            panic!("{:?}", read.bins)
        };
        let digest = cofferdam_capability::Digest::of(b"a component");
        assert_eq!(*reference, Reference::bare(digest));
    }

    #[test]
    fn an_agentfile_that_says_everything_is_kept_as_it_is() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::create_dir(temporary.path().join("etc")).unwrap();
        let written = agentfile::parse(TEXT, "Agentfile").unwrap();
        let none = Pinned::default();
        assert!(resolved(&written, &none, &[component()]).unwrap().is_none());
        std::fs::write(temporary.path().join(WRITTEN), TEXT).unwrap();
        assert_eq!(agentfile(temporary.path()).unwrap(), written);
        // One that was made from an image is kept whole.
        let image = Pinned {
            reference: "example.org/otter:1".to_owned(),
            digest: "sha256:aa".to_owned(),
        };
        assert!(
            resolved(&written, &image, &[component()])
                .unwrap()
                .is_some()
        );
    }
}
