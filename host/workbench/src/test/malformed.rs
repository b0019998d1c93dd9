//! A value in a case that cannot be read.

/// The value, and what is expected instead, in one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) String);
