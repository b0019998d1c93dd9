//! Tools as an Agentfile names them: files beside it, and images.

use std::path::Path;
use std::sync::OnceLock;

use bytes::Bytes;
use cofferdam_call::MAX_COMPONENT;
use cofferdam_capability::Digest;
use cofferdam_image::agentfile::Bin;
use cofferdam_image::{AgentImage, Error, Found, Images, ToolSource};

use crate::error::AgentError;
use crate::files;

/// A tool as it is found, before it is loaded.
pub(crate) struct Component {
    pub(crate) bytes: Bytes,
    /// Instructions for calling it, Markdown, as it says itself, or else its image.
    pub(crate) usage: Option<String>,
    digest: OnceLock<Digest>,
}

impl Component {
    pub(crate) fn new(bytes: impl Into<Bytes>, usage: Option<String>) -> Self {
        Self {
            bytes: bytes.into(),
            usage,
            digest: OnceLock::new(),
        }
    }

    /// The digest of its bytes, which is computed once: that takes a millisecond for each MB.
    pub(crate) fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| Digest::of(&self.bytes))
    }

    /// Remembers the digest that was found when these bytes were loaded.
    pub(crate) fn was_loaded_as(&self, digest: Digest) {
        self.digest.get_or_init(|| digest);
    }
}

/// A tool: a file beside the Agentfile, or an image of this machine or a registry.
pub(crate) async fn component(
    images: &Images,
    agent: &str,
    bin: &Bin,
    home: &Path,
) -> Result<Component, AgentError> {
    let wrong = |problem: String| AgentError::Bin {
        agent: agent.to_owned(),
        bin: bin.name.clone(),
        problem,
    };
    match &bin.source {
        ToolSource::Path(path) => {
            let path = home.join(path);
            let bytes = files::read(&path, MAX_COMPONENT);
            let bytes = bytes.map_err(|error| wrong(format!("{}: {error}", path.display())))?;
            let usage = cofferdam_tool::usage(&bytes);
            Ok(Component::new(bytes, usage))
        }
        ToolSource::Image(reference) => {
            let found = images
                .tool(reference)
                .await
                .map_err(|source| match source {
                    Error::Registry { .. }
                    | Error::Store { .. }
                    | Error::Io { .. }
                    | Error::Busy => AgentError::Image {
                        agent: agent.to_owned(),
                        bin: bin.name.clone(),
                        source: Box::new(source),
                    },
                    _ => wrong(source.to_string()),
                })?;
            if found.pulled.is_some() {
                tracing::info!(agent, bin = bin.name, digest = %found.digest,
                    "pulled {reference}");
            }
            Ok(of(found))
        }
    }
}

/// A tool of an agent that came in an image: the one that its lock names.
pub(crate) async fn component_of(
    images: &Images,
    agent: &str,
    image: &AgentImage,
    bin: &Bin,
) -> Result<Component, AgentError> {
    let found = images.component(image, bin).await;
    let found = found.map_err(|source| AgentError::Image {
        agent: agent.to_owned(),
        bin: bin.name.clone(),
        source: Box::new(source),
    })?;
    Ok(of(found))
}

/// The component of an image, with the text that it says itself, or else its image.
fn of(found: Found) -> Component {
    let own = cofferdam_tool::usage(&found.tool.component);
    Component::new(found.tool.component, own.or(found.tool.usage))
}
