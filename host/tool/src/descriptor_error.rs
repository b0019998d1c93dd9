//! Refused descriptors.

use cofferdam_capability::ToolNameError;
use cofferdam_capability::json::JsonError;

use crate::schema::SchemaError;

/// Descriptors that are not taken: one sentence for the operator and the author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DescriptorError(String);

impl From<String> for DescriptorError {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

impl From<ToolNameError> for DescriptorError {
    fn from(error: ToolNameError) -> Self {
        Self(error.to_string())
    }
}

impl From<JsonError> for DescriptorError {
    fn from(error: JsonError) -> Self {
        Self(error.to_string())
    }
}

impl From<SchemaError> for DescriptorError {
    fn from(error: SchemaError) -> Self {
        Self(error.to_string())
    }
}
