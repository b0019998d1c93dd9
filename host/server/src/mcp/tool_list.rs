//! Tools as MCP clients see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_call::Descriptor;
use cofferdam_capability::check_tool_name;
use cofferdam_tool::Toolbox;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use crate::error::ServerError;
use crate::listed::Listed;

/// Tools that one server offers. Clients list them whole, and a model reads each of them.
const MAX_TOOLS: usize = 1_024;

/// The key of a result that is not an object: clients of older versions take objects alone.
const RESULT: &str = "result";

/// The tools that a server offers at one time.
#[derive(Debug)]
pub struct ToolList {
    entries: BTreeMap<String, Entry>,
    /// The tools themselves, where this process runs them.
    pub(crate) toolbox: Option<Arc<Toolbox>>,
}

/// One tool.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The description for clients.
    pub(crate) tool: Tool,
    /// The output schema, if it has one, and the way results fit it.
    pub(crate) output: Output,
}

/// The form of a tool's result for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// Text alone.
    Text,
    /// An object, as the tool made it.
    Object,
    /// Something else, which stands in an object under `result`.
    Wrapped,
}

impl ToolList {
    /// An empty one, for tools that run elsewhere.
    pub(crate) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            toolbox: None,
        }
    }

    /// All tools of a toolbox.
    ///
    /// # Errors
    ///
    /// If there are too many of them, or one that no client could be told of.
    pub fn of(toolbox: Toolbox) -> Result<Self, ServerError> {
        let mut tools = Self::new();
        toolbox
            .iter()
            .try_for_each(|tool| tools.add(Listed::of(tool)))?;
        Ok(Self {
            toolbox: Some(Arc::new(toolbox)),
            ..tools
        })
    }

    /// Puts a tool on it. The error says what is wrong with it, for the operator.
    pub(crate) fn add(&mut self, listed: Listed) -> Result<(), ServerError> {
        let entry = Entry::new(listed).map_err(ServerError::Unlisted)?;
        if self.entries.len() == MAX_TOOLS {
            let problem = format!("there are more than {MAX_TOOLS} tools: serve fewer of them");
            return Err(ServerError::Unlisted(problem));
        }
        self.entries
            .insert(entry.tool.name.clone().into_owned(), entry);
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Every tool, by name.
    pub(crate) fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.entries.values().map(|entry| &entry.tool)
    }

    /// The names, for a message that says what there is.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.entries.keys().map(String::as_str).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    }

    /// Returns true if clients would be told the same.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Entry {
    fn new(listed: Listed) -> Result<Self, String> {
        let Listed {
            descriptor,
            read_only,
            open_world,
        } = listed;
        let Descriptor {
            name,
            description,
            input_schema: input,
            output_schema: output,
        } = descriptor;
        // What a host of another version says goes by the same rule.
        check_tool_name(&name).map_err(|error| error.to_string())?;
        let input = input_schema(input).map_err(|problem| format!("`{name}`: {problem}"))?;
        let (output_schema, output) = output_schema(output);
        let annotations = ToolAnnotations::new()
            .read_only(read_only)
            .open_world(open_world);
        let mut tool = Tool::new(name, description, Arc::new(input)).with_annotations(annotations);
        tool.output_schema = output_schema.map(Arc::new);
        Ok(Self { tool, output })
    }
}

/// Arguments of a call are an object, and clients want the schema to say so.
fn input_schema(schema: Value) -> Result<JsonObject, String> {
    let Value::Object(mut schema) = schema else {
        return Err("its input schema is not an object, so no client can show it".to_owned());
    };
    match schema.get("type") {
        None => {
            schema.insert("type".to_owned(), "object".into());
        }
        Some(kind) if kind == "object" => {}
        Some(kind) => {
            return Err(format!(
                "its input is {kind}, and arguments of MCP are an object"
            ));
        }
    }
    Ok(schema)
}

fn output_schema(schema: Option<Value>) -> (Option<JsonObject>, Output) {
    match schema {
        None => (None, Output::Text),
        Some(Value::Object(schema)) if schema.get("type").is_some_and(|kind| kind == "object") => {
            (Some(schema), Output::Object)
        }
        Some(mut schema) => {
            // References begin at the top, so what they lead to has to stay there.
            let mut wrapped = Map::new();
            for key in ["$schema", "$defs", "definitions"] {
                if let Some(value) = schema.as_object_mut().and_then(|schema| schema.remove(key)) {
                    wrapped.insert(key.to_owned(), value);
                }
            }
            wrapped.insert("type".to_owned(), "object".into());
            wrapped.insert("properties".to_owned(), json!({ RESULT: schema }));
            wrapped.insert("required".to_owned(), json!([RESULT]));
            (Some(wrapped), Output::Wrapped)
        }
    }
}

impl Output {
    /// A result as clients get it.
    pub(crate) fn structured(self, result: Option<Value>) -> Option<Value> {
        match self {
            // Without a schema nobody waits for it, and clients take objects alone.
            Self::Text => result.filter(Value::is_object),
            Self::Object => result,
            Self::Wrapped => result.map(|result| json!({ RESULT: result })),
        }
    }
}
