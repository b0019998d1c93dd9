//! Stored messages as a model reads them again.

use cofferdam_model::{Message, Thinking, ToolCall};
use cofferdam_store::{Content, MessageState, Part, Summary, ToolState};

/// The result that a model reads where the host went away before a tool had answered.
const INTERRUPTED: &str = "(tool call was interrupted before a result was captured)";

/// A step of a stored answer.
#[derive(Default)]
struct Step {
    number: u32,
    text: String,
    calls: Vec<ToolCall>,
    results: Vec<Message>,
}

/// The messages of a session, after the summary of those before them.
pub(super) fn history(
    summary: Option<&Summary>,
    stored: Vec<cofferdam_store::Message>,
) -> Vec<Message> {
    let mut messages = Vec::new();
    if let Some(summary) = summary.filter(|summary| !summary.text.is_empty()) {
        messages.push(Message::System(format!(
            "[Conversation summary]: {}",
            summary.text
        )));
    }
    for message in stored {
        match message.content {
            Content::Prompt(prompt) => messages.push(Message::User(prompt)),
            Content::Answer(mut parts) => {
                if let Some(Part::Text { text, .. }) = parts.last_mut() {
                    text.push_str(&note(message.state, &message.stop_detail));
                }
                steps(parts, &mut messages);
            }
        }
    }
    messages
}

/// The end of an answer that ended early, so that the model does not take it for whole.
fn note(state: MessageState, detail: &str) -> String {
    match state {
        MessageState::Interrupted => format!("\n\n[interrupted: {detail}]"),
        _ if detail.is_empty() => String::new(),
        _ => format!("\n\n[{detail}]"),
    }
}

/// An answer of several steps: of each, its text and calls, and then their results.
pub(super) fn steps(parts: Vec<Part>, messages: &mut Vec<Message>) {
    let mut step = Step::default();
    for part in parts {
        let number = match &part {
            Part::Text { step, .. } | Part::Tool { step, .. } => *step,
        };
        // Older hosts stored no number: text after a call began a step.
        let is_next = matches!(part, Part::Text { .. }) && !step.calls.is_empty();
        if number != step.number || is_next {
            std::mem::take(&mut step).finish(messages);
            step.number = number;
        }
        step.add(part);
    }
    step.finish(messages);
}

impl Step {
    fn add(&mut self, part: Part) {
        match part {
            Part::Text { text, .. } => self.text.push_str(&text),
            Part::Tool {
                tool_id,
                name,
                input,
                output,
                state,
                failed,
                ..
            } => {
                self.calls.push(ToolCall {
                    id: tool_id.clone(),
                    name: name.clone(),
                    arguments: serde_json::from_str(&input).unwrap_or_default(),
                });
                let answered = state == ToolState::OutputAvailable;
                let content = if answered {
                    output
                } else {
                    INTERRUPTED.to_owned()
                };
                self.results.push(Message::ToolResult {
                    call_id: tool_id,
                    tool: name,
                    content,
                    failed: failed || !answered,
                });
            }
        }
    }

    fn finish(self, messages: &mut Vec<Message>) {
        let Self {
            number: _,
            text,
            calls: tool_calls,
            results,
        } = self;
        if text.is_empty() && tool_calls.is_empty() {
            return;
        }
        messages.push(Message::Assistant {
            text,
            tool_calls,
            thinking: Thinking::default(),
        });
        messages.extend(results);
    }
}
