//! Tools as an Agentfile names them: files beside it, and images.

use std::path::Path;

use bytes::Bytes;
use cofferdam_call::MAX_COMPONENT;
use cofferdam_image::agentfile::Bin;
use cofferdam_image::{AgentImage, Error, Found, Images, ToolSource};

use crate::error::AgentError;
use crate::files;

/// A tool as it is found, before it is loaded.
pub(crate) struct Component {
    pub(crate) bytes: Bytes,
    /// Instructions for calling it, Markdown, as it says itself, or else its image.
    pub(crate) usage: Option<String>,
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
            Ok(Component {
                usage: cofferdam_tool::usage(&bytes),
                bytes: bytes.into(),
            })
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
    Component {
        bytes: found.tool.component.into(),
        usage: own.or(found.tool.usage),
    }
}
