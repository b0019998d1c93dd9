//! Tools as MCP clients see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_call::Descriptor;
use cofferdam_capability::{Grant, ToolName};
use cofferdam_tool::{Announced, Tool as LoadedTool, Toolbox};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::directories::Directories;
use crate::error::ServerError;
use crate::listed::Listed;

/// Tools that one server offers. Clients list them whole, and a model reads each of them.
const MAX_TOOLS: usize = 1_024;

/// The key of a result that is not an object: clients of older versions take objects alone.
const RESULT: &str = "result";

/// The tools that a server offers at one time.
#[derive(Debug, Clone)]
pub struct ToolList {
    entries: BTreeMap<ToolName, Arc<Entry>>,
    /// The tools themselves, where this process runs them, as far as they are loaded.
    pub(crate) toolbox: Option<Arc<Toolbox>>,
    /// The grants of tools that are not loaded yet.
    announced: BTreeMap<ToolName, Arc<Grant>>,
    /// Components whose tools are not known yet.
    unknown: usize,
    /// True once every tool that there will be is loaded.
    whole: bool,
    pub(super) directories: Directories,
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
            announced: BTreeMap::new(),
            unknown: 0,
            whole: true,
            directories: Directories::default(),
        }
    }

    /// All tools of a toolbox.
    ///
    /// # Errors
    ///
    /// If there are too many of them, or one that no client could be told of.
    pub fn of(toolbox: Toolbox) -> Result<Self, ServerError> {
        let mut tools = Self::new();
        for tool in toolbox.iter() {
            tools.add(Listed::of(tool))?;
            tools.directories.add(tool.grant());
        }
        Ok(Self {
            toolbox: Some(Arc::new(toolbox)),
            ..tools
        })
    }

    /// An empty list of a toolbox, whose tools are announced first and loaded after that.
    pub fn begun(toolbox: Toolbox) -> Self {
        Self {
            toolbox: Some(Arc::new(toolbox)),
            whole: false,
            ..Self::new()
        }
    }

    /// Takes note of a component whose tools are known once it is loaded.
    pub fn await_component(&mut self) {
        self.unknown = self.unknown.saturating_add(1);
    }

    /// Returns true if every tool that there will be is on it, as far as can be said.
    pub(super) fn is_known(&self) -> bool {
        self.whole || self.unknown == 0
    }

    /// Puts a tool on it that is known and not loaded yet.
    ///
    /// # Errors
    ///
    /// If there are too many tools, another one of its name, or if no client could be told of it.
    pub fn announce(&mut self, announced: &Announced) -> Result<(), ServerError> {
        let Announced { descriptor, grant } = announced;
        if self.entries.contains_key(&descriptor.name) {
            return Err(taken(&descriptor.name));
        }
        self.add(Listed::announced(descriptor.clone(), grant))?;
        self.announced
            .insert(descriptor.name.clone(), Arc::clone(grant));
        self.directories.add(grant);
        Ok(())
    }

    /// The same list with the tools of a component that was loaded. `announced` are those that were
    /// known before, which they replace.
    ///
    /// # Errors
    ///
    /// If another component has a tool of the same name, or if no client could be told of one.
    pub fn with(
        &self,
        announced: &[Announced],
        tools: Vec<LoadedTool>,
    ) -> Result<Self, ServerError> {
        let mut list = self.without(announced);
        for tool in &tools {
            if list.entries.contains_key(tool.name()) {
                return Err(taken(tool.name()));
            }
            list.add(Listed::of(tool))?;
            list.directories.add(tool.grant());
        }
        if let Some(toolbox) = &self.toolbox {
            let toolbox = toolbox.with(tools);
            let toolbox = toolbox.map_err(|taken| ServerError::Unlisted(taken.to_string()))?;
            list.toolbox = Some(Arc::new(toolbox));
        }
        Ok(list)
    }

    /// The same list without the tools of a component, which were announced and cannot be loaded.
    #[must_use]
    pub fn without(&self, announced: &[Announced]) -> Self {
        let mut list = self.clone();
        if announced.is_empty() {
            list.unknown = list.unknown.saturating_sub(1);
        }
        for gone in announced {
            list.entries.remove(&gone.descriptor.name);
            list.announced.remove(&gone.descriptor.name);
        }
        list
    }

    /// The same list, to which no more tools are added.
    #[must_use]
    pub fn completed(&self) -> Self {
        Self {
            whole: true,
            ..self.clone()
        }
    }

    /// Returns true if a call of this tool need not wait: it is loaded, and so are the tools that
    /// it may call; or there will be none of this name.
    pub(crate) fn is_ready(&self, name: &str) -> bool {
        let loaded = || {
            let tool = self.toolbox.as_ref().and_then(|tools| tools.get(name).ok());
            tool.is_some_and(|tool| tool.grant().calls().is_empty())
        };
        self.whole || loaded()
    }

    /// The grant of a tool that is not loaded yet.
    pub(super) fn announced(&self, name: &str) -> Option<&Grant> {
        self.announced.get(name).map(Arc::as_ref)
    }

    /// Puts a tool on it. The error says what is wrong with it, for the operator.
    pub(crate) fn add(&mut self, listed: Listed) -> Result<(), ServerError> {
        let name = listed.descriptor.name.clone();
        let entry = Entry::new(listed).map_err(ServerError::Unlisted)?;
        if self.entries.len() == MAX_TOOLS {
            let problem = format!("there are more than {MAX_TOOLS} tools: serve fewer of them");
            return Err(ServerError::Unlisted(problem));
        }
        self.entries.insert(name, Arc::new(entry));
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name).map(Arc::as_ref)
    }

    /// Every tool, by name.
    pub(crate) fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.entries.values().map(|entry| &entry.tool)
    }

    /// The names, for a message that says what there is.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.entries.keys().map(ToolName::as_str).collect();
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

fn taken(name: &str) -> ServerError {
    ServerError::Unlisted(format!("there is a tool `{name}` already"))
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
        let input = input_schema(input).map_err(|problem| format!("`{name}`: {problem}"))?;
        let (output_schema, output) = output_schema(output);
        let annotations = ToolAnnotations::new()
            .read_only(read_only)
            .open_world(open_world);
        let mut tool = Tool::new(String::from(name), description, Arc::new(input))
            .with_annotations(annotations);
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
