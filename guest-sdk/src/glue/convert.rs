//! Our types to those of `wit/tool.wit`.

use super::Descriptor;
use super::bindings::exports::cofferdam::tool::tools as wit;
use crate::{FailureCode, ToolError};

impl From<Descriptor> for wit::Descriptor {
    fn from(descriptor: Descriptor) -> Self {
        let Descriptor {
            name,
            description,
            input_schema,
            output_schema,
        } = descriptor;
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            input_schema: input_schema.as_value().to_string(),
            output_schema: output_schema.as_value().to_string(),
        }
    }
}

impl From<ToolError> for wit::Failure {
    fn from(error: ToolError) -> Self {
        Self {
            code: error.code().into(),
            message: error.message().to_owned(),
            retryable: error.is_retryable(),
        }
    }
}

impl From<FailureCode> for wit::FailureCode {
    fn from(code: FailureCode) -> Self {
        match code {
            FailureCode::InvalidInput => Self::InvalidInput,
            FailureCode::NotFound => Self::NotFound,
            FailureCode::Unavailable => Self::Unavailable,
            FailureCode::Failed => Self::Failed,
        }
    }
}
