//! One tool, as an agent has it.

use std::sync::Arc;

use cofferdam_call::Descriptor;
use cofferdam_capability::{Grant, check_tool_name};
use cofferdam_sandbox::{Allowance, Component};
use serde_json::{Value, json};

use crate::descriptor_error::DescriptorError;
use crate::descriptors;
use crate::schema::{PatternSum, Schema, Unfit};

/// A tool under the name by which a model calls it: a component, the place where a call enters it,
/// and the grant it runs under.
pub struct Tool {
    descriptor: Descriptor,
    checked: Schema,
    entry: Entry,
    component: Arc<Component>,
    grant: Arc<Grant>,
}

/// The export at which a call enters the component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Command,
    Typed { tool: String },
}

impl Tool {
    /// Its words: what `tool inspect`, MCP clients and models read.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The name a model calls it by.
    pub fn name(&self) -> &str {
        &self.descriptor.name
    }

    /// The JSON Schema of its input.
    pub fn schema(&self) -> &Value {
        &self.descriptor.input_schema
    }

    /// Returns true if it takes arguments and standard input; other tools take JSON.
    pub fn is_command(&self) -> bool {
        self.entry == Entry::Command
    }

    /// The grant it runs under.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    pub(crate) fn entry(&self) -> &Entry {
        &self.entry
    }

    pub(crate) fn component(&self) -> &Component {
        &self.component
    }

    pub(crate) fn command(
        name: &str,
        note: &str,
        component: Arc<Component>,
        grant: Arc<Grant>,
    ) -> Self {
        let summary = &component.manifest().tool.summary;
        let description = if note.is_empty() {
            summary.clone()
        } else {
            note.to_owned()
        };
        let schema = command_schema();
        #[allow(
            clippy::expect_used,
            reason = "the schema above is a constant, and a test reads it"
        )]
        let checked = Schema::new(&schema).expect("the schema of a command is in the dialect");
        let descriptor = Descriptor {
            name: name.to_owned(),
            description,
            input_schema: schema,
            output_schema: None,
        };
        Self {
            descriptor,
            checked,
            entry: Entry::Command,
            component,
            grant,
        }
    }

    /// The tool that a component knows as `own`.
    pub(crate) fn typed(
        descriptor: Descriptor,
        own: &str,
        component: Arc<Component>,
        grant: Arc<Grant>,
        patterns: &mut PatternSum,
    ) -> Result<Self, DescriptorError> {
        check_tool_name(&descriptor.name)?;
        descriptors::check_texts(&descriptor)?;
        let checked = Schema::of_tool(&descriptor.name, &descriptor.input_schema, patterns)?;
        Ok(Self {
            descriptor,
            checked,
            entry: Entry::Typed {
                tool: own.to_owned(),
            },
            component,
            grant,
        })
    }

    /// Checks `input` against the schema; the error says where it does not fit.
    pub(crate) fn check(&self, input: &Value, allowance: &Allowance) -> Result<(), Unfit> {
        self.checked.check(input, allowance)
    }
}

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tool")
            .field("name", &self.descriptor.name)
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

fn command_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "args": {
                "type": "array",
                "items": { "type": "string" },
                "description": "The arguments, one string each, without the program's name. \
                                Nothing is expanded: there is no shell."
            },
            "stdin": { "type": "string", "description": "Text for the program's standard input." }
        },
        "additionalProperties": false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_a_command_is_in_the_dialect() {
        Schema::new(&command_schema()).unwrap();
    }
}
