//! One tool, as an agent has it.

use std::sync::Arc;

use cofferdam_call::Descriptor;
use cofferdam_capability::{Grant, check_tool_name};
use cofferdam_sandbox::{Allowance, Component};
use serde_json::{Value, json};

use crate::descriptors;
use crate::queue::Queue;
use crate::schema::{PatternSum, Schema, Unfit};

/// A tool under the name by which a model calls it: a component, where a call enters it, and the grant it runs under.
/// Clones are the same tool.
#[derive(Clone)]
pub struct Tool {
    parts: Arc<Parts>,
    pub(crate) queue: Arc<Queue>,
}

/// What makes a tool, without the agent that has it.
pub(crate) struct Parts {
    descriptor: Descriptor,
    checked: Schema,
    entry: Entry,
    component: Arc<Component>,
    grant: Arc<Grant>,
}

/// Where a call enters the component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Command,
    Typed { tool: String },
}

impl Tool {
    /// Its words: what `tool inspect`, MCP clients and models read.
    pub fn descriptor(&self) -> &Descriptor {
        &self.parts.descriptor
    }

    /// The name a model calls it by.
    pub fn name(&self) -> &str {
        &self.parts.descriptor.name
    }

    /// The JSON Schema of its input.
    pub fn schema(&self) -> &Value {
        &self.parts.descriptor.input_schema
    }

    /// Whether it takes arguments and standard input; other tools take JSON.
    pub fn is_command(&self) -> bool {
        self.parts.entry == Entry::Command
    }

    /// The grant it runs under.
    pub fn grant(&self) -> &Grant {
        &self.parts.grant
    }

    pub(crate) fn new(parts: Arc<Parts>, queue: Arc<Queue>) -> Self {
        Self { parts, queue }
    }

    /// Lets the other tools of its agent find it.
    pub(crate) fn make_known(&self) {
        self.queue.add(self.name(), &self.parts);
    }

    pub(crate) fn entry(&self) -> &Entry {
        &self.parts.entry
    }

    pub(crate) fn component(&self) -> &Component {
        &self.parts.component
    }

    pub(crate) fn command(
        name: &str,
        note: &str,
        component: Arc<Component>,
        grant: Arc<Grant>,
        queue: Arc<Queue>,
    ) -> Self {
        let summary = &component.manifest().tool.summary;
        let description = if note.is_empty() { summary.clone() } else { note.to_owned() };
        let schema = command_schema();
        #[allow(clippy::expect_used, reason = "the schema above is a constant, and a test reads it")]
        let checked = Schema::new(&schema).expect("the schema of a command is in the dialect");
        let name = name.to_owned();
        let entry = Entry::Command;
        let descriptor = Descriptor { name, description, input_schema: schema, output_schema: None };
        let parts = Parts { descriptor, checked, entry, component, grant };
        Self::new(Arc::new(parts), queue)
    }

    pub(crate) fn typed(
        descriptor: Descriptor,
        entry: Entry,
        (component, grant, queue): (Arc<Component>, Arc<Grant>, Arc<Queue>),
        patterns: &mut PatternSum,
    ) -> Result<Self, String> {
        check_tool_name(&descriptor.name)?;
        descriptors::check_texts(&descriptor)?;
        let checked = Schema::of_tool(&descriptor.name, &descriptor.input_schema, patterns)?;
        let parts = Parts { descriptor, checked, entry, component, grant };
        Ok(Self::new(Arc::new(parts), queue))
    }

    /// Checks `input` against the schema; the error says where it does not fit.
    pub(crate) fn check(&self, input: &Value, allowance: &Allowance) -> Result<(), Unfit> {
        self.parts.checked.check(input, allowance)
    }
}

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.parts.fmt(f)
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tool").field("name", &self.descriptor.name).field("entry", &self.entry).finish_non_exhaustive()
    }
}

fn command_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "args": {
                "type": "array",
                "items": { "type": "string" },
                "description": "The arguments, one string each, without the program's name. Nothing is expanded: there \
                                is no shell."
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
