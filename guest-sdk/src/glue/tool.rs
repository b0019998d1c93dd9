use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Context, ToolError};

/// One typed tool: what [`tool`](crate::tool) makes of a function.
pub trait Tool {
    /// The input of a call.
    type Input: DeserializeOwned + JsonSchema;

    /// The answer of a successful call.
    type Output: Serialize + JsonSchema;

    /// Name a model calls it by.
    const NAME: &'static str;

    /// The purpose of the tool and when to use it, in words for a model.
    const DESCRIPTION: &'static str;

    /// Does the work of one call.
    ///
    /// # Errors
    ///
    /// The error of the function.
    fn call(input: Self::Input, context: &Context) -> Result<Self::Output, ToolError>;
}

/// The result of a tool's function, whatever it calls that type.
pub trait Answer {
    /// The answer of a successful call.
    type Output;
}

impl<T> Answer for Result<T, ToolError> {
    type Output = T;
}
