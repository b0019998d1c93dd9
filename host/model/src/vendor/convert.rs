//! Conversations and tool calls, from our words to genai's and back.

use cofferdam_call::Descriptor;
use std::collections::HashSet;

use genai::chat::{
    self, ChatMessage, ChatRequest, ContentPart, MessageContent, ToolName, ToolResponse,
};
use serde_json::{Value, json};

use super::failure::Failure;
use super::thoughts;
use crate::message::{Finish, Message, Request, ToolCall};
use crate::model::{MAX_TEXT_BYTES, MAX_TOOL_CALLS};
use crate::thinking::Thinking;

/// The request as genai wants it.
pub(super) fn request(request: &Request) -> ChatRequest {
    let mut messages: Vec<ChatMessage> = Vec::new();
    // Some protocols want all results of one turn in one message, so neighbours are collected.
    let mut results: Vec<ToolResponse> = Vec::new();
    for message in &request.messages {
        if let Message::ToolResult {
            call_id,
            tool,
            content,
            failed,
        } = message
        {
            results.push(result(call_id, tool, content, *failed));
            continue;
        }
        if !results.is_empty() {
            messages.push(std::mem::take(&mut results).into());
        }
        match message {
            Message::System(text) => messages.push(ChatMessage::system(text)),
            Message::User(text) => messages.push(ChatMessage::user(text)),
            Message::Assistant {
                text,
                tool_calls,
                thinking,
            } => messages.extend(assistant(text, tool_calls, thinking)),
            Message::ToolResult { .. } => {} // collected above
        }
    }
    if !results.is_empty() {
        messages.push(results.into());
    }
    let chat = ChatRequest::from_messages(messages);
    // An empty list of tools is refused by some vendors, a missing one by none.
    if request.tools.is_empty() {
        chat
    } else {
        chat.with_tools(request.tools.iter().map(tool))
    }
}

/// No message at all when there is nothing in it: vendors refuse empty ones.
fn assistant(text: &str, tool_calls: &[ToolCall], thinking: &Thinking) -> Option<ChatMessage> {
    let said = (!text.is_empty()).then(|| ContentPart::from_text(text));
    let called = tool_calls.iter().enumerate().map(|(place, call)| {
        ContentPart::ToolCall(chat::ToolCall {
            call_id: call.id.clone(),
            fn_name: call.name.clone(),
            // Protocols allow objects only. What is none came from the model itself, which should
            // see what it wrote.
            fn_arguments: match &call.arguments {
                Value::Object(_) => call.arguments.clone(),
                other => json!({ "arguments": other }),
            },
            thought_signatures: thoughts::signatures(thinking, place),
        })
    });
    let said: Vec<ContentPart> = said.into_iter().chain(called).collect();
    if said.is_empty() {
        return None;
    }
    let parts: Vec<_> = thoughts::parts(thinking).chain(said).collect();
    Some(ChatMessage::assistant(MessageContent::from_parts(parts)))
}

/// genai has no mark for a failed call, so the content says it.
fn result(call_id: &str, tool: &str, content: &str, failed: bool) -> ToolResponse {
    let content = if failed {
        format!("The call failed: {content}")
    } else {
        content.to_owned()
    };
    ToolResponse::new(call_id, content).with_fn_name(tool)
}

fn tool(spec: &Descriptor) -> chat::Tool {
    chat::Tool::new(ToolName::Custom(spec.name.to_string()))
        .with_description(&spec.description)
        .with_schema(spec.input_schema.clone())
}

/// The calls of a finished turn, checked and with ids of their own.
pub(super) fn tool_calls(
    calls: Vec<chat::ToolCall>,
    request: &Request,
) -> Result<Vec<ToolCall>, Failure> {
    check(
        calls.len(),
        calls
            .iter()
            .map(|call| call.fn_arguments.to_string().len())
            .sum(),
    )?;
    let mut ids = request.messages.iter().flat_map(ids).collect();
    calls
        .into_iter()
        .map(|call| tool_call(call, &mut ids))
        .collect()
}

/// The words of an answer that went into the input of a tool.
pub(super) fn object(calls: Vec<chat::ToolCall>, name: &str) -> Option<String> {
    let call = calls.into_iter().find(|call| call.fn_name == name)?;
    Some(match call.fn_arguments {
        // It is no JSON, or not all of it.
        Value::String(text) => text,
        arguments => arguments.to_string(),
    })
}

/// The reason why a turn ended.
pub(super) fn finish(reason: Option<&chat::StopReason>) -> Finish {
    match reason {
        Some(chat::StopReason::MaxTokens(_)) => Finish::Length,
        Some(chat::StopReason::ContentFilter(_)) => Finish::Filtered,
        _ => Finish::Done,
    }
}

/// The bounds of one turn's tool calls: how many, and how many bytes of arguments.
pub(super) fn check(calls: usize, bytes: usize) -> Result<(), Failure> {
    if calls > MAX_TOOL_CALLS {
        return Err(Failure::answer(format!(
            "called more than {MAX_TOOL_CALLS} tools in one turn"
        )));
    }
    if bytes > MAX_TEXT_BYTES {
        return Err(Failure::answer(format!(
            "wrote more than {MAX_TEXT_BYTES} bytes of arguments in one turn"
        )));
    }
    Ok(())
}

fn tool_call(call: chat::ToolCall, taken: &mut HashSet<String>) -> Result<ToolCall, Failure> {
    let chat::ToolCall {
        call_id,
        fn_name,
        fn_arguments,
        thought_signatures: _,
    } = call;
    if fn_name.is_empty() {
        return Err(Failure::answer("called a tool without saying which"));
    }
    let arguments = match fn_arguments {
        // Some models write nothing where there are no arguments.
        Value::Null => json!({}),
        Value::String(text) if text.trim().is_empty() => json!({}),
        other => other,
    };
    Ok(ToolCall {
        id: fresh_id(&call_id, taken),
        name: fn_name,
        arguments,
    })
}

/// The vendor's id where it is new; some vendors have none, and what genai puts in its place
/// repeats every turn.
fn fresh_id(wanted: &str, taken: &mut HashSet<String>) -> String {
    // Anthropic refuses other characters, and a session may go on with another vendor's model.
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
            c
        } else {
            '_'
        }
    };
    let wanted: String = if wanted.is_empty() {
        "call".into()
    } else {
        wanted.chars().map(plain).collect()
    };
    let mut id = wanted.clone();
    let mut number = 2u64;
    while !taken.insert(id.clone()) {
        id = format!("{wanted}-{number}");
        number += 1;
    }
    id
}

fn ids(message: &Message) -> Vec<String> {
    match message {
        Message::Assistant { tool_calls, .. } => {
            tool_calls.iter().map(|call| call.id.clone()).collect()
        }
        Message::System(_) | Message::User(_) | Message::ToolResult { .. } => Vec::new(),
    }
}
