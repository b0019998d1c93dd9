//! News of a call while it runs.

/// The progress of a call, as its tool says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The amount done, in whatever the tool counts.
    pub done: u64,
    /// The amount to do, where the tool knows it.
    pub total: Option<u64>,
    /// The present activity; may be empty.
    pub message: String,
}
