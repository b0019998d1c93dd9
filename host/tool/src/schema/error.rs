//! Refused schemas.

/// A schema that this host does not take: one sentence that says where, and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SchemaError(String);

impl SchemaError {
    pub(super) fn new(sentence: String) -> Self {
        Self(sentence)
    }
}
