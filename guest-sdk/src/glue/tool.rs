use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Context, ToolError};

/// One typed tool: what [`tool`](crate::tool) makes of a function.
pub trait Tool {
    /// What a call hands in.
    type Input: DeserializeOwned + JsonSchema;

    /// What a successful call answers with.
    type Output: Serialize + JsonSchema;

    /// Name a model calls it by.
    const NAME: &'static str;

    /// What the tool does and when to use it, in words for a model.
    const DESCRIPTION: &'static str;

    /// Does the work of one call.
    ///
    /// # Errors
    ///
    /// What the function fails with.
    fn call(input: Self::Input, context: &Context) -> Result<Self::Output, ToolError>;
}

/// What a tool's function returns, whatever it calls that type.
pub trait Answer {
    /// What a successful call answers with.
    type Output;
}

impl<T> Answer for Result<T, ToolError> {
    type Output = T;
}
