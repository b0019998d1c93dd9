//! Refused requests.

/// The reason why a request was refused, in words for the receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub(crate) String);
