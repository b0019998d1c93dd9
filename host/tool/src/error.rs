//! Reasons why a tool could not be made ready.

use cofferdam_capability::{GrantError, ManifestError};
use cofferdam_sandbox::LoadError;

/// A component that could not become a tool.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The host failed while it read it.
    #[error("{origin}: the host failed while it read this component; its log says more")]
    Lost {
        /// The component.
        origin: String,
    },
    /// Its bytes are not a component this host runs.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The operator's decision cannot be granted.
    #[error("cannot grant {tool}: {source}")]
    Grant {
        /// The tool.
        tool: String,
        /// The cause.
        source: GrantError,
    },
    /// A component whose descriptors are data, and not usable.
    #[error("{origin}: {problem}")]
    Descriptors {
        /// The component's origin.
        origin: String,
        /// The problem with its section, and what would be right.
        problem: String,
    },
    /// A tool that cannot be offered as it describes itself.
    #[error("the tools of {tool} cannot be offered: {problem}")]
    Offer {
        /// The name it was to go by.
        tool: String,
        /// The problem.
        problem: String,
    },
    /// A component of typed tools that does not tell which tools it has.
    #[error("{tool} does not list its tools: {problem}")]
    List {
        /// The name it was to go by.
        tool: String,
        /// The thing that it did instead.
        problem: String,
    },
}

/// A component that cannot be made, or into which a manifest or documentation cannot be put.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// A core module of which no component can be made.
    #[error("it is a core module that {0}")]
    Module(String),
    /// The component cannot be read.
    #[error("not a WebAssembly component: {0}")]
    Component(String),
    /// The WIT package cannot be read.
    #[error("cannot read WIT: {0}")]
    Wit(String),
    /// The words about calling the tool cannot be taken.
    #[error("{0}")]
    Usage(String),
    /// The manifest cannot be written.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}
