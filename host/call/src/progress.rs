//! What a call tells while it runs.

/// How far a call has come, as its tool says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is done, in whatever the tool counts.
    pub done: u64,
    /// What there is to do, where the tool knows it.
    pub total: Option<u64>,
    /// What it is doing; may be empty.
    pub message: String,
}
