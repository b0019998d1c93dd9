//! The crate from outside: every test opens a model by its name and asks it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod builtin; // prompts of builtin/commands, and what it makes of them
mod credentials; // what is kept, and what is never printed
mod name; // names of models, good and bad, and what cannot be opened
mod providers; // the file of the operator, followed and asked with
mod script; // transcripts, good and bad
mod server; // a vendor on loopback that records what it is asked and answers as told
mod vendor; // the vendors' protocols over real HTTP: deltas, tool calls, retries, refusals, bounds

use std::path::Path;
use std::sync::Arc;

use cofferdam_call::Descriptor;
use cofferdam_model::{
    Credentials, Error, Message, Model, Request, Sampling, Thinking, ToolCall, Turn,
};
use serde_json::{Value, json};

/// Opens a model that needs no scripts.
fn open(name: &str, variables: &[(&str, &str)]) -> Result<Arc<dyn Model>, Error> {
    let variables = variables
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()));
    cofferdam_model::open(
        &name.parse()?,
        &Credentials::new(variables),
        Path::new("/nonexistent"),
    )
}

/// Asks for one turn and collects the deltas, through the narrowest channel there is.
async fn ask(model: &dyn Model, request: Request) -> (Result<Turn, Error>, Vec<String>) {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let listen = async {
        let mut deltas = Vec::new();
        while let Some(delta) = receiver.recv().await {
            deltas.push(delta);
        }
        deltas
    };
    tokio::join!(model.turn(request, sender), listen)
}

/// A conversation with two tools in reach.
fn request(messages: Vec<Message>) -> Request {
    let tools = vec![
        tool(
            "wc",
            "Count lines, words and bytes.\nReads the standard input without a file.",
            json!({"type": "object"}),
        ),
        tool(
            "notes_add",
            "Add a note.",
            json!({"type": "object", "required": ["title"]}),
        ),
    ];
    Request {
        messages,
        tools,
        sampling: Sampling {
            max_tokens: 1000,
            ..Sampling::default()
        },
        object: None,
    }
}

fn tool(name: &str, description: &str, input_schema: Value) -> Descriptor {
    let name = name.parse().unwrap();
    let description = description.into();
    Descriptor {
        name,
        description,
        input_schema,
        output_schema: None,
    }
}

fn user(text: &str) -> Message {
    Message::User(text.into())
}

fn assistant(text: &str, tool_calls: Vec<ToolCall>) -> Message {
    Message::Assistant {
        text: text.into(),
        tool_calls,
        thinking: Thinking::default(),
    }
}

fn call(id: &str, name: &str, arguments: Value) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: name.into(),
        arguments,
    }
}

fn result(call_id: &str, tool: &str, content: &str, failed: bool) -> Message {
    Message::ToolResult {
        call_id: call_id.into(),
        tool: tool.into(),
        content: content.into(),
        failed,
    }
}

fn says(text: &str) -> Turn {
    Turn {
        text: text.into(),
        ..Turn::default()
    }
}
