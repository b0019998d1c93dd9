//! One tool, as an agent has it.

use std::sync::Arc;

use cofferdam_call::Descriptor;
use cofferdam_capability::{Grant, RetryRequest, ToolContract, ToolName};
use cofferdam_sandbox::{Allowance, Component};
use serde_json::{Value, json};

use crate::content;
use crate::descriptor_error::DescriptorError;
use crate::descriptors;
use crate::effect::Effect;
use crate::host_tool::HostTool;
use crate::imports::only_computes;
use crate::note;
use crate::outgoing;
use crate::schema::{PatternSum, Schema, Unfit};
use crate::subject::Subject;

/// A tool under the name by which a model calls it: a component, the place where a call enters it,
/// and the grant it runs under.
pub struct Tool {
    /// As clients are told: in the dialect of [`outgoing`].
    descriptor: Descriptor,
    /// As its author wrote it.
    input_schema: Value,
    checked: Schema,
    /// Its results are content, and not JSON alone.
    answers_with_content: bool,
    entry: Entry,
    runs: Runs,
    grant: Arc<Grant>,
    effect: Effect,
    retry: RetryRequest,
}

/// Runs the calls of a tool.
enum Runs {
    Component(Arc<Component>),
    Host(Arc<dyn HostTool>),
}

/// The export at which a call enters the component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Command,
    /// A command that follows the module contract.
    Module,
    Typed {
        tool: String,
    },
}

impl Entry {
    /// The entry of a command that follows this contract.
    fn of_command(contract: Option<ToolContract>) -> Self {
        match contract {
            None => Self::Command,
            Some(ToolContract::ModuleV1) => Self::Module,
        }
    }

    /// The schema of the input of a command that is entered so.
    fn command_schema(&self) -> Value {
        match self {
            Self::Module => module_schema(),
            Self::Command | Self::Typed { .. } => command_schema(),
        }
    }
}

impl Tool {
    /// Its words: what `tool inspect`, MCP clients and models read. Schemas are in the dialect that
    /// every client understands.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The name a model calls it by.
    pub fn name(&self) -> &str {
        &self.descriptor.name
    }

    /// The JSON Schema that inputs are checked against, as its author wrote it.
    pub fn schema(&self) -> &Value {
        &self.input_schema
    }

    /// Returns true if it is a command that follows the module contract: it takes a text, and
    /// answers with one.
    pub fn is_module(&self) -> bool {
        self.entry == Entry::Module
    }

    /// Returns true if it takes arguments and standard input; other tools take JSON.
    pub fn is_command(&self) -> bool {
        self.entry == Entry::Command
    }

    /// Returns true if its results are content: text, images, recordings and files.
    pub(crate) fn answers_with_content(&self) -> bool {
        self.answers_with_content
    }

    /// The grant it runs under.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Its effect class.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    pub(crate) fn shared_grant(&self) -> Arc<Grant> {
        Arc::clone(&self.grant)
    }

    /// The retries that were decided for it.
    pub(crate) fn retry(&self) -> &RetryRequest {
        &self.retry
    }

    /// The same tool with these retries.
    #[must_use]
    pub fn with_retry(self, retry: RetryRequest) -> Self {
        Self { retry, ..self }
    }

    pub(crate) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Returns true for a tool that the host answers itself.
    pub fn is_hosts(&self) -> bool {
        matches!(self.runs, Runs::Host(_))
    }

    /// The name in the manifest of its component, which reviewers know it by; empty for a tool of
    /// the host itself.
    pub fn manifest_name(&self) -> &str {
        match self.subject() {
            Subject::Component(component) => &component.manifest().tool.name,
            Subject::Host(_) => "",
        }
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        match &self.runs {
            Runs::Component(component) => Subject::Component(component),
            Runs::Host(tool) => Subject::Host(&**tool),
        }
    }

    /// A tool that the host answers itself, under a grant that gives nothing.
    pub(crate) fn host(
        tool: Arc<dyn HostTool>,
        grant: Arc<Grant>,
    ) -> Result<Self, DescriptorError> {
        let described = tool.descriptor();
        descriptors::check_texts(&described)?;
        let mut patterns = PatternSum::default();
        let schema = &described.input_schema;
        let checked = Schema::of_tool(&described.name, schema, &mut patterns)?;
        Ok(Self {
            descriptor: told(&described),
            answers_with_content: false,
            checked,
            entry: Entry::Typed {
                tool: described.name.to_string(),
            },
            input_schema: described.input_schema,
            effect: tool.effect(),
            runs: Runs::Host(tool),
            grant,
            retry: RetryRequest::default(),
        })
    }

    pub(crate) fn command(
        name: ToolName,
        note: &str,
        component: Arc<Component>,
        grant: Arc<Grant>,
    ) -> Self {
        let contract = component.manifest().tool.contract;
        let entry = Entry::of_command(contract);
        let schema = entry.command_schema();
        #[allow(
            clippy::expect_used,
            reason = "the schema above is a constant, and a test reads it"
        )]
        let checked = Schema::new(&schema).expect("the schema of a command is in the dialect");
        let summary = &component.manifest().tool.summary;
        let descriptor = command_descriptor(name, note, summary, contract);
        Self {
            descriptor,
            input_schema: schema,
            checked,
            answers_with_content: false,
            entry,
            effect: effect(&component, &grant),
            runs: Runs::Component(component),
            grant,
            retry: RetryRequest::default(),
        }
    }

    /// The tool that a component knows as `own`, as its author described it.
    pub(crate) fn typed(
        described: Descriptor,
        own: &str,
        component: Arc<Component>,
        grant: Arc<Grant>,
        patterns: &mut PatternSum,
    ) -> Result<Self, DescriptorError> {
        descriptors::check_texts(&described)?;
        let checked = Schema::of_tool(&described.name, &described.input_schema, patterns)?;
        Ok(Self {
            descriptor: told(&described),
            answers_with_content: described
                .output_schema
                .as_ref()
                .is_some_and(content::is_content),
            input_schema: described.input_schema,
            checked,
            entry: Entry::Typed {
                tool: own.to_owned(),
            },
            effect: effect(&component, &grant),
            runs: Runs::Component(component),
            grant,
            retry: RetryRequest::default(),
        })
    }

    /// Checks `input` against the schema; the error says where it does not fit. Where it does not,
    /// a `null` for a value that may be left out counts as left out.
    pub(crate) fn check(&self, input: &mut Value, allowance: &Allowance) -> Result<(), Unfit> {
        let checked = self.checked.check(input, allowance);
        match checked {
            Err(Unfit::Wrong(_)) if self.checked.leave_out_nulls(input, allowance) => {
                self.checked.check(input, allowance)
            }
            checked => checked,
        }
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

/// The effect class of a component under a grant.
fn effect(component: &Component, grant: &Grant) -> Effect {
    let imports = component.imports().iter().map(String::as_str);
    Effect::of(only_computes(imports), grant)
}

/// A descriptor as clients are told it.
pub(crate) fn told(described: &Descriptor) -> Descriptor {
    let Descriptor {
        name,
        description,
        input_schema,
        output_schema,
    } = described;
    Descriptor {
        name: name.clone(),
        description: description.clone(),
        input_schema: outgoing::input(input_schema),
        output_schema: output_schema
            .as_ref()
            .and_then(content::structured)
            .map(outgoing::output),
    }
}

/// The descriptor of a command. The operator's words about it stand for the summary of its author.
pub(crate) fn command_descriptor(
    name: ToolName,
    note: &str,
    summary: &str,
    contract: Option<ToolContract>,
) -> Descriptor {
    let description = if note::describes(note) {
        note.to_owned()
    } else {
        note::noted(note, summary)
    };
    Descriptor {
        name,
        description,
        input_schema: outgoing::input(&Entry::of_command(contract).command_schema()),
        output_schema: None,
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

fn module_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "input": { "type": "string", "description": "The input of the tool, as text." }
        },
        "additionalProperties": false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_of_commands_are_in_the_dialect() {
        for schema in [command_schema(), module_schema()] {
            Schema::new(&schema).unwrap();
            // Clients get all of it.
            assert_eq!(outgoing::input(&schema), schema);
            outgoing::check(&schema).unwrap();
        }
    }
}
