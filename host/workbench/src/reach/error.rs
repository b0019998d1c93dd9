//! The reasons why nobody can say what a component can reach.

use wasmparser::BinaryReaderError;

/// The reason why the reachable imports of a component are unknown.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// The bytes are no component.
    #[error("it cannot be read: {0}")]
    Broken(String),
    /// It uses a part of WebAssembly that is not followed, and that this host does not run.
    #[error("it uses {0}, which is not followed")]
    NotFollowed(&'static str),
    /// Following it takes more than the work that one component gets.
    #[error("it is too large to follow")]
    TooMuch,
}

impl From<BinaryReaderError> for ReachError {
    fn from(error: BinaryReaderError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// An index without an entry.
pub(super) fn missing(what: &str) -> ReachError {
    ReachError::Broken(format!("a {what} that it names is not there"))
}
