//! Contracts about standard input and output that a command may follow.

use serde::{Deserialize, Serialize};

/// A contract about standard input and output, which the host keeps with the tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ToolContract {
    /// The module contract v1 of orloj: one JSON request on standard input, one JSON response on
    /// standard output.
    ModuleV1,
}
