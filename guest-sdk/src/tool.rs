use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ToolError;

/// One typed tool.
pub trait Tool {
    /// What a call hands in: a struct whose fields are the parameters. Their doc comments become the descriptions a
    /// model reads in the schema. `#[serde(deny_unknown_fields)]` makes the schema refuse misspelt parameters too.
    type Input: DeserializeOwned + JsonSchema;

    /// What a successful call answers with.
    type Output: Serialize + JsonSchema;

    /// Name a model calls it by: `[a-z][a-z0-9-]{0,62}`, unique in the component. [`export!`](crate::export) checks
    /// both when it is compiled.
    const NAME: &'static str;

    /// What the tool does and when to use it, in words for a model.
    const DESCRIPTION: &'static str;

    /// Does the work of one call. Every call runs in a fresh instance: nothing is remembered from one to the next.
    ///
    /// # Errors
    ///
    /// A [`ToolError`] whose message the model reads. A panic ends the call as a trap, and its text reaches nobody but
    /// the log.
    fn call(input: Self::Input) -> Result<Self::Output, ToolError>;
}
