use std::error::Error;
use std::fmt;

/// Reasons why a tool could not do its work, as `failure-code` in `wit/tool.wit`. None of these can
/// be mistaken for a decision of the host: a guest cannot claim to have been denied, timed out or
/// stopped at a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCode {
    /// The input fits the schema but makes no sense to this tool.
    InvalidInput,
    /// The thing that the input names is not there.
    NotFound,
    /// Something this tool needs did not answer; the same call may succeed later.
    Unavailable,
    /// Anything else.
    Failed,
}

/// A failed call: a code, one sentence for the model, and whether trying again can help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolError {
    code: FailureCode,
    message: String,
    retryable: bool,
}

impl ToolError {
    /// The input fits the schema but makes no sense to this tool. Not retryable.
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self {
            code: FailureCode::InvalidInput,
            message: message.into(),
            retryable: false,
        }
    }

    /// The thing that the input names is not there. Not retryable.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self {
            code: FailureCode::NotFound,
            message: message.into(),
            retryable: false,
        }
    }

    /// Something this tool needs did not answer. Retryable.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self {
            code: FailureCode::Unavailable,
            message: message.into(),
            retryable: true,
        }
    }

    /// Anything else. Not retryable.
    pub fn failed(message: impl Into<String>) -> Self {
        Self {
            code: FailureCode::Failed,
            message: message.into(),
            retryable: false,
        }
    }

    /// The same failure, with the tool's own answer to whether the same call may succeed when it is
    /// made again.
    #[must_use]
    pub fn with_retryable(self, retryable: bool) -> Self {
        Self { retryable, ..self }
    }

    /// Which kind of failure it is.
    pub fn code(&self) -> FailureCode {
        self.code
    }

    /// One sentence for the model.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns true if the same call may succeed when it is made again.
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ToolError {}
