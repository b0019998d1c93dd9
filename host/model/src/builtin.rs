//! `builtin/commands`: turns a typed command into a tool call, without a network or a key.
//!
//! It lets a fresh machine do the whole job, and it makes the path from a prompt to a tool and back
//! visible without a model's judgement in between.

use async_trait::async_trait;
use cofferdam_call::Descriptor;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::error::Error;
use crate::message::{Message, Request, ToolCall, Turn};
use crate::model::{Model, say};

/// The one builtin model.
pub(crate) struct Commands;

impl Commands {
    pub(crate) fn open(name: &str) -> Result<Self, Error> {
        match name {
            "commands" => Ok(Self),
            _ => Err(Error::UnknownModel {
                provider: "builtin",
                name: name.into(),
                known: "builtin/commands",
            }),
        }
    }
}

#[async_trait]
impl Model for Commands {
    async fn turn(&self, request: Request, text: mpsc::Sender<String>) -> Result<Turn, Error> {
        let turn = answer(&request);
        say(&turn.text, &text).await;
        Ok(turn)
    }
}

/// The last message decides.
fn answer(request: &Request) -> Turn {
    match request.messages.last() {
        Some(Message::User(prompt)) => match (command(prompt), document(prompt)) {
            (Some((tool, rest)), _) => run(tool, rest, request),
            (None, Some(document)) => text(document.to_owned()),
            (None, None) => text(help(&request.tools)),
        },
        Some(Message::ToolResult {
            tool,
            content,
            failed: true,
            ..
        }) => text(format!("{tool} failed: {content}")),
        Some(Message::ToolResult { tool, content, .. }) if content.is_empty() => {
            text(format!("{tool} said nothing."))
        }
        Some(Message::ToolResult { content, .. }) => text(content.clone()),
        Some(Message::System(_) | Message::Assistant { .. }) | None => text(help(&request.tools)),
    }
}

/// Splits `run <tool> <rest>`; anything else is not a command.
fn command(prompt: &str) -> Option<(&str, &str)> {
    let (verb, rest) = prompt.trim().split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let (tool, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    (verb == "run").then_some((tool, rest.trim_start()))
}

/// Returns the JSON of `object <json>` as it is written, be it whole or not.
fn document(prompt: &str) -> Option<&str> {
    let document = prompt.trim().strip_prefix("object")?.trim_start();
    document.starts_with(['{', '[']).then_some(document)
}

fn run(tool: &str, rest: &str, request: &Request) -> Turn {
    if !request.tools.iter().any(|spec| spec.name == tool) {
        return text(format!(
            "There is no tool {tool}. {}",
            names(&request.tools)
        ));
    }
    // A typed tool takes named arguments, which have no shell syntax: one JSON object is passed as
    // it is.
    let arguments = match serde_json::from_str::<Map<String, Value>>(rest) {
        Ok(object) => Value::Object(object),
        Err(_) => match shlex::split(rest) {
            Some(args) => json!({ "args": args }),
            None => {
                return text(format!(
                    "A quote or backslash in these arguments has no end: {rest}"
                ));
            }
        },
    };
    Turn {
        text: String::new(),
        tool_calls: vec![ToolCall {
            id: fresh_id(request),
            name: tool.into(),
            arguments,
        }],
        ..Turn::default()
    }
}

/// Counts from the number of messages, which grows with every call; ids that are taken are passed
/// over, because a caller may have shortened the conversation.
fn fresh_id(request: &Request) -> String {
    let taken = |id: &String| {
        request.messages.iter().any(|message| match message {
            Message::Assistant { tool_calls, .. } => tool_calls.iter().any(|call| call.id == *id),
            Message::ToolResult { call_id, .. } => call_id == id,
            Message::System(_) | Message::User(_) => false,
        })
    };
    let mut number = request.messages.len();
    loop {
        let id = format!("call-{number}");
        if !taken(&id) {
            return id;
        }
        number += 1;
    }
}

fn help(tools: &[Descriptor]) -> String {
    let mut help = String::from(
        "I run one tool for each message, without a model. Write: run <tool> <arguments>, or: run \
            <tool> {json}\n\
         For example: run wc -l notes.txt\n\
         I answer `object {json}` with that JSON.\n",
    );
    help.push_str(&names(tools));
    for tool in tools {
        let summary = tool.description.lines().next().unwrap_or_default();
        help.push_str(&format!("\n  {}: {summary}", tool.name));
    }
    help
}

fn names(tools: &[Descriptor]) -> String {
    match tools {
        [] => "There are no tools.".into(),
        _ => {
            let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
            format!("The tools are: {}.", names.join(", "))
        }
    }
}

fn text(text: String) -> Turn {
    Turn {
        text,
        ..Turn::default()
    }
}
