//! A failure, as an envelope tells it.

use std::collections::BTreeMap;

use super::code::Code;

/// A call that failed, before it ran or in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: Code,
    /// True if another attempt may help.
    pub(super) retryable: bool,
    /// A sentence for people.
    pub(super) message: String,
    /// Facts for programs, by their keys. Those of a tool begin with `guest.`.
    pub(super) details: BTreeMap<String, String>,
}

impl Failure {
    /// A failure by this code, which may be retried if failures of this code may.
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            retryable: code.is_retryable(),
            message: message.into(),
            details: BTreeMap::new(),
        }
    }

    /// A field of the request that cannot be taken.
    pub(super) fn field(field: impl Into<String>, expected: &str) -> Self {
        let field = field.into();
        Self::new(
            Code::InvalidInput,
            format!("`{field}` of the request: expected {expected}"),
        )
        .with("field", field)
        .with("expected", expected)
    }

    /// The same with one more fact.
    pub(super) fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.details.insert(key.into(), value.into());
        self
    }

    /// The same, which another attempt does not help.
    pub(super) fn permanent(mut self) -> Self {
        self.retryable = false;
        self
    }
}
