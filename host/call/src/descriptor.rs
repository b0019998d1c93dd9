//! The words of a tool.

use cofferdam_capability::ToolName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The words of one tool. `tool inspect`, MCP clients and models read these and no others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descriptor {
    /// The name it is called by.
    pub name: ToolName,
    /// Its purpose, in words for a model.
    pub description: String,
    /// The JSON Schema of its input.
    pub input_schema: Value,
    /// The JSON Schema of its result; nothing where the component does not say it.
    #[serde(default)]
    pub output_schema: Option<Value>,
}

/// A tool as its component lists it: the schemas are texts that nobody has read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTool {
    /// The name that the component knows it by.
    pub name: String,
    /// Its purpose, in words for a model.
    pub description: String,
    /// The JSON Schema of its input.
    pub input_schema: String,
    /// The JSON Schema of its result; may be empty.
    pub output_schema: String,
}
