//! Tools as an Agentfile names them: files beside it, and images.

use std::path::Path;

use bytes::Bytes;
use cofferdam_call::MAX_COMPONENT;
use cofferdam_image::agentfile::Bin;
use cofferdam_image::{Error, Images, ToolSource};

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
            let own = cofferdam_tool::usage(&found.tool.component);
            Ok(Component {
                bytes: found.tool.component.into(),
                usage: own.or(found.tool.usage),
            })
        }
    }
}
