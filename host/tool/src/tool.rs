//! One tool, as an agent has it.

use std::sync::Arc;

use cofferdam_capability::Grant;
use cofferdam_sandbox::Component;
use serde_json::{Value, json};

use crate::queue::Queue;
use crate::schema::Schema;

/// A tool under the name by which a model calls it: a component, where a call enters it, and the grant it runs under.
/// Clones are the same tool.
#[derive(Clone)]
pub struct Tool {
    parts: Arc<Parts>,
    pub(crate) queue: Arc<Queue>,
}

/// What makes a tool, without the agent that has it.
pub(crate) struct Parts {
    name: String,
    description: String,
    schema: Value,
    output: Option<Value>,
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
    /// The name a model calls it by.
    pub fn name(&self) -> &str {
        &self.parts.name
    }

    /// What it does, in words for a model.
    pub fn description(&self) -> &str {
        &self.parts.description
    }

    /// The JSON Schema of its input.
    pub fn schema(&self) -> &Value {
        &self.parts.schema
    }

    /// The JSON Schema of its result, where the component tells it.
    pub fn output_schema(&self) -> Option<&Value> {
        self.parts.output.as_ref()
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
        self.queue.add(&self.parts.name, &self.parts);
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
        let parts = Parts { name, description, schema, output: None, checked, entry, component, grant };
        Self::new(Arc::new(parts), queue)
    }

    pub(crate) fn typed(
        name: &str,
        description: &str,
        schema: Value,
        output: Option<Value>,
        entry: Entry,
        (component, grant, queue): (Arc<Component>, Arc<Grant>, Arc<Queue>),
    ) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            return Err(format!("`{name}` is not a tool name: expected 1 to 64 of A-Z a-z 0-9 _ -"));
        }
        let checked = Schema::new(&schema).map_err(|problem| {
            format!("the input schema of `{name}` is not JSON Schema as this host takes it, {problem}")
        })?;
        let (name, description) = (name.to_owned(), description.to_owned());
        let parts = Parts { name, description, schema, output, checked, entry, component, grant };
        Ok(Self::new(Arc::new(parts), queue))
    }

    /// Checks `input` against the schema; the error says where it does not fit.
    pub(crate) fn check(&self, input: &Value) -> Result<(), String> {
        self.parts.checked.check(input)
    }
}

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.parts.fmt(f)
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tool").field("name", &self.name).field("entry", &self.entry).finish_non_exhaustive()
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
