//! Why a tool could not be made ready.

use cofferdam_capability::{GrantError, ManifestError};
use cofferdam_sandbox::LoadError;

/// A component that could not become a tool.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// Its bytes are not a component this host runs.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The operator's decision cannot be granted.
    #[error("cannot grant {tool}: {source}")]
    Grant {
        /// The tool.
        tool: String,
        /// Why not.
        source: GrantError,
    },
    /// A component of typed tools that does not tell which tools it has.
    #[error("{tool} does not list its tools: {problem}")]
    List {
        /// The name it was to go by.
        tool: String,
        /// What it did instead.
        problem: String,
    },
}

/// A manifest or documentation that cannot be put into a component.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The component cannot be read.
    #[error("not a WebAssembly component: {0}")]
    Component(String),
    /// The WIT package cannot be read.
    #[error("cannot read WIT: {0}")]
    Wit(String),
    /// The manifest cannot be written.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}
