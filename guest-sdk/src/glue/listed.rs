//! Descriptors as texts, for a component that makes no schemas itself.

use super::bindings::exports::cofferdam::tool::tools as wit;

/// One tool, as `tool build` read it from a component that makes its schemas of types.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    /// Name a model calls it by.
    pub name: &'static str,
    /// Its purpose, in words for a model.
    pub description: &'static str,
    /// JSON Schema of the input.
    pub input_schema: &'static str,
    /// JSON Schema of the output.
    pub output_schema: &'static str,
}

/// The answer of `list` that these texts are.
pub fn listed(tools: &[Listed]) -> Vec<wit::Descriptor> {
    let descriptor = |tool: &Listed| wit::Descriptor {
        name: tool.name.to_owned(),
        description: tool.description.to_owned(),
        input_schema: tool.input_schema.to_owned(),
        output_schema: tool.output_schema.to_owned(),
    };
    tools.iter().map(descriptor).collect()
}
