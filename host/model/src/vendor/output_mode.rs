//! Ways to ask a provider for JSON of a given form.

use genai::chat::{ChatMessage, ChatOptions, ChatRequest, ChatResponseFormat, JsonSpec, Tool};
use genai::chat::{ToolChoice, ToolName};
use serde_json::Value;

use super::dialect::Dialect;
use super::provider::Provider;
use crate::object::ObjectSchema;

/// The name of the tool that takes the answer, where the schema has none. Agents built for other
/// hosts know it.
const TOOL: &str = "generate_object";

/// The name of the form in OpenAI's protocols, where the schema has none.
const FORM: &str = "response";

/// Keywords that OpenAI's strict mode takes; a schema with any other is refused there.
const STRICT: &[&str] = &[
    "$defs",
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "definitions",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maximum",
    "minItems",
    "minimum",
    "multipleOf",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
];

/// A way to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputMode {
    /// The provider holds the words of the model to the schema.
    Native,
    /// The model has to call one tool, whose input is the answer.
    Tool,
    /// The schema stands in the instructions. The provider sees to it that the words are JSON, if
    /// it can.
    Words {
        /// True if the provider can.
        json: bool,
    },
}

impl OutputMode {
    /// The best way of a provider.
    pub(super) fn of(provider: &Provider, dialect: Dialect, object: &ObjectSchema) -> Self {
        let is_object = object.schema.get("type").and_then(Value::as_str) == Some("object");
        match dialect {
            Dialect::Gemini | Dialect::Interactions => Self::Native,
            Dialect::Responses if is_object && is_strict(&object.schema) => Self::Native,
            Dialect::Chat
                if ["openai", "azure"].contains(&provider.id.as_str())
                    && is_object
                    && is_strict(&object.schema) =>
            {
                Self::Native
            }
            Dialect::Chat | Dialect::Responses | Dialect::Messages if is_object => Self::Tool,
            // The native protocol of Ollama cannot be made to call a tool.
            Dialect::Ollama => Self::Words { json: is_object },
            _ => Self::Words { json: false },
        }
    }

    /// Adds it to a request.
    pub(super) fn ask(
        self,
        object: &ObjectSchema,
        mut chat: ChatRequest,
        options: ChatOptions,
    ) -> (ChatRequest, ChatOptions) {
        let schema = Value::clone(&object.schema);
        match self {
            Self::Native => {
                let form = JsonSpec::new(self.name(object), schema);
                (chat, options.with_response_format(form))
            }
            Self::Tool => {
                let name = self.name(object);
                let description = match object.description.as_str() {
                    "" => "Takes the answer.",
                    description => description,
                };
                let tool = Tool::new(ToolName::Custom(name.to_owned()))
                    .with_description(description)
                    .with_schema(schema);
                (
                    chat.with_tools([tool]),
                    options.with_tool_choice(ToolChoice::tool(name)),
                )
            }
            Self::Words { json } => {
                chat.messages
                    .insert(0, ChatMessage::system(instructions(object)));
                let options = if json {
                    options.with_response_format(ChatResponseFormat::JsonMode)
                } else {
                    options
                };
                (chat, options)
            }
        }
    }

    /// The name under which the provider knows the form.
    pub(super) fn name(self, object: &ObjectSchema) -> &str {
        match (object.name.as_str(), self) {
            ("", Self::Tool) => TOOL,
            ("", _) => FORM,
            (name, _) => name,
        }
    }
}

fn instructions(object: &ObjectSchema) -> String {
    let mut text = "Answer with one JSON document and nothing else: no words around it, no code \
                    fence."
        .to_owned();
    if !object.description.is_empty() {
        text += &format!(" The document is this: {}", object.description);
    }
    text + &format!(
        "\nIt has to be valid against this JSON Schema:\n{}",
        object.schema
    )
}

/// Returns true for a schema whose keywords OpenAI's strict mode takes. Names of properties and
/// definitions are no keywords; what they hold is looked at.
fn is_strict(schema: &Value) -> bool {
    let Value::Object(map) = schema else {
        return !schema.is_boolean();
    };
    map.iter().all(|(keyword, value)| {
        STRICT.contains(&keyword.as_str())
            && match (keyword.as_str(), value) {
                ("properties" | "$defs" | "definitions", Value::Object(named)) => {
                    named.values().all(is_strict)
                }
                // An object whose other properties are free cannot be held to.
                ("additionalProperties", other) => *other == Value::Bool(false),
                ("anyOf", Value::Array(branches)) => branches.iter().all(is_strict),
                ("items", items) => is_strict(items),
                _ => true,
            }
    })
}
