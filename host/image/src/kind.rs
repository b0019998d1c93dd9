//! The two kinds of image that this host reads and writes.

use std::fmt;

use oci_spec::image::{ImageManifest, MediaType, SCHEMA_VERSION};
use serde::{Deserialize, Serialize};

/// The artifact type of an agent image.
pub(crate) const AGENT_ARTIFACT: &str = "application/vnd.openotters.agent.v1";

/// The config of an agent image.
pub(crate) const AGENT_CONFIG: &str = "application/vnd.openotters.agent.config.v1+json";

/// The kind of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A WebAssembly component.
    Tool,
    /// An agent: what its Agentfile declares.
    Agent,
}

impl Kind {
    /// The kind that a manifest says it is. Anything but an agent is read as a tool, whose layout
    /// says what is wrong with it.
    pub(crate) fn of(manifest: &ImageManifest) -> Self {
        let artifact = manifest.artifact_type().as_ref();
        let is_agent = manifest.config().media_type().as_ref() == AGENT_CONFIG
            || artifact.is_some_and(|kind| kind.as_ref() == AGENT_ARTIFACT);
        if is_agent { Self::Agent } else { Self::Tool }
    }
}

/// Returns what is wrong with a manifest of either kind, as the rest of a sentence about its image.
pub(crate) fn misfit(manifest: &ImageManifest) -> Option<String> {
    let version = manifest.schema_version();
    if version != SCHEMA_VERSION {
        return Some(format!(
            "its manifest has schema version {version}, not {SCHEMA_VERSION}"
        ));
    }
    let media_type = manifest.media_type().as_ref()?;
    let image = MediaType::ImageManifest;
    (*media_type != image).then(|| format!("its manifest is `{media_type}`, not `{image}`"))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tool => "tool",
            Self::Agent => "agent",
        })
    }
}
