//! Values that cannot be secrets, and sources that fail.

use std::fmt::Display;

use cofferdam_capability::SecretName;

use super::size::{MAX_SECRET, MIN_SECRET};

/// A value that cannot be a secret. The message does not hold it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Too short or too long.
    #[error("the value of {name} has {size} bytes: expected {MIN_SECRET} to {MAX_SECRET}")]
    Size {
        /// The secret.
        name: SecretName,
        /// Its size in bytes.
        size: usize,
    },
    /// HTTP has no way to send it.
    #[error(
        "the value of {0} holds a line break or another control character, which no header can \
         carry"
    )]
    Control(SecretName),
    /// It is used as user and password, or as the id and the secret of a client.
    #[error("the value of {0} has no `:`: expected two parts, as in USER:PASSWORD")]
    NoPair(SecretName),
}

/// A source of secrets that failed, in words for the operator. No other source is asked then,
/// because it could have an older value.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(String);

impl SourceError {
    pub(super) fn new(problem: impl Display) -> Self {
        Self(problem.to_string())
    }
}

impl From<SecretError> for SourceError {
    fn from(error: SecretError) -> Self {
        Self::new(error)
    }
}
