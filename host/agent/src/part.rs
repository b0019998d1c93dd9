//! The parts of an assistant's message, as they are stored and as a model reads them again.

use cofferdam_model::{Message, Thinking, ToolCall};
use cofferdam_store::Role;
use serde::{Deserialize, Serialize};

/// The result that a model reads where the host went away before a tool had answered.
const INTERRUPTED: &str = "(tool call was interrupted before a result was captured)";

/// One part of an assistant's message. Field names and values are those of the openotters runtime,
/// so that its clients read them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Part {
    Text {
        text: String,
    },
    Tool {
        tool_id: String,
        name: String,
        input: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        output: String,
        state: ToolState,
        #[serde(default, skip_serializing_if = "is_zero")]
        duration_ms: i64,
    },
}

/// The state of a tool call: answered or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ToolState {
    InputAvailable,
    OutputAvailable,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The parts as they are stored.
pub(crate) fn to_json(parts: &[Part]) -> String {
    // Strings and numbers always serialize; an empty array would only lose what the next update
    // writes again.
    serde_json::to_string(parts).unwrap_or_else(|_| "[]".to_owned())
}

/// The parts of a stored message. Text that is not a list of parts is one text part: older hosts
/// stored it so.
fn parts_of(content: &str) -> Vec<Part> {
    serde_json::from_str(content).unwrap_or_else(|_| {
        vec![Part::Text {
            text: content.to_owned(),
        }]
    })
}

/// Stored messages as a model reads them.
pub(crate) fn history(stored: Vec<cofferdam_store::Message>) -> Vec<Message> {
    let mut messages = Vec::new();
    for message in stored {
        match message.role {
            Role::User => messages.push(Message::User(message.content)),
            Role::Assistant => steps(parts_of(&message.content), &mut messages),
        }
    }
    messages
}

/// A message of several steps: text and the calls that follow it are one step, their results come
/// after it.
fn steps(parts: Vec<Part>, messages: &mut Vec<Message>) {
    let mut said = String::new();
    let mut calls = Vec::new();
    let mut results = Vec::new();
    let finish = |said: &mut String,
                  calls: &mut Vec<ToolCall>,
                  results: &mut Vec<Message>,
                  to: &mut Vec<Message>| {
        if !said.is_empty() || !calls.is_empty() {
            to.push(Message::Assistant {
                text: std::mem::take(said),
                tool_calls: std::mem::take(calls),
                thinking: Thinking::default(),
            });
            to.append(results);
        }
    };
    for part in parts {
        match part {
            Part::Text { text } => {
                if !calls.is_empty() {
                    finish(&mut said, &mut calls, &mut results, messages);
                }
                said.push_str(&text);
            }
            Part::Tool {
                tool_id,
                name,
                input,
                output,
                state,
                ..
            } => {
                let arguments = serde_json::from_str(&input).unwrap_or_default();
                calls.push(ToolCall {
                    id: tool_id.clone(),
                    name: name.clone(),
                    arguments,
                });
                let answered = state == ToolState::OutputAvailable;
                let content = if answered {
                    output
                } else {
                    INTERRUPTED.to_owned()
                };
                results.push(Message::ToolResult {
                    call_id: tool_id,
                    tool: name,
                    content,
                    failed: !answered,
                });
            }
        }
    }
    finish(&mut said, &mut calls, &mut results, messages);
}
