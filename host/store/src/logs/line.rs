//! The lines of a log: a JSON object each.

use std::time::{Duration, SystemTime};

use cofferdam_capability::ForeignText;
use serde_json::{Map, Value};

/// The longest text of one field, in characters. A sentence about a refusal has two hundred.
const MAX_TEXT: usize = 400;

/// An event in the life of an agent.
#[derive(Debug, Clone, Copy)]
pub enum LogEvent<'a> {
    /// The agent has got another status.
    Status {
        /// The status, as listings have it.
        status: &'a str,
        /// The reason, where it failed.
        reason: &'a str,
    },
    /// A client has asked.
    TurnBegun {
        /// The session.
        session: &'a str,
        /// The model.
        model: &'a str,
        /// Bytes of the prompt, which is in the session alone.
        prompt_bytes: usize,
    },
    /// A tool was called.
    ToolCall {
        /// The session; none for a client that calls tools itself.
        session: Option<&'a str>,
        /// The tool.
        tool: &'a str,
        /// The name of its outcome.
        outcome: &'a str,
        /// The reason of an outcome that is not `ok`.
        reason: &'a str,
        /// Time that it took.
        duration: Duration,
        /// Fuel that it used.
        fuel: u64,
    },
    /// The turn is over.
    TurnEnded {
        /// The session.
        session: &'a str,
        /// The reason why it did not come to its end.
        failure: Option<&'a str>,
        /// Time that it took.
        duration: Duration,
    },
    /// Lines that are missing before this one.
    Lost {
        /// Their number.
        lines: u64,
    },
}

/// The event as it is written, with its line break. Text from outside is shown as it may be on a
/// terminal, because people look at these files.
pub(super) fn line(event: &LogEvent<'_>) -> String {
    let mut fields = Map::new();
    let now = humantime::format_rfc3339_millis(SystemTime::now());
    fields.insert("time".to_owned(), now.to_string().into());
    let mut field = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    match *event {
        LogEvent::Status { status, reason } => {
            field("event", "status".into());
            field("status", status.into());
            if !reason.is_empty() {
                field("reason", text(reason));
            }
        }
        LogEvent::TurnBegun {
            session,
            model,
            prompt_bytes,
        } => {
            field("event", "turn-begun".into());
            field("session", text(session));
            field("model", text(model));
            field("prompt-bytes", prompt_bytes.into());
        }
        LogEvent::ToolCall {
            session,
            tool,
            outcome,
            reason,
            duration,
            fuel,
        } => {
            field("event", "tool-call".into());
            if let Some(session) = session {
                field("session", text(session));
            }
            field("tool", text(tool));
            field("outcome", outcome.into());
            if !reason.is_empty() {
                field("reason", text(reason));
            }
            field("ms", millis(duration));
            field("fuel", fuel.into());
        }
        LogEvent::TurnEnded {
            session,
            failure,
            duration,
        } => {
            field("event", "turn-ended".into());
            field("session", text(session));
            if let Some(failure) = failure {
                field("failure", text(failure));
            }
            field("ms", millis(duration));
        }
        LogEvent::Lost { lines } => {
            field("event", "lost".into());
            field("lines", lines.into());
        }
    }
    format!("{}\n", Value::Object(fields))
}

fn text(text: &str) -> Value {
    let cut: String = text.chars().take(MAX_TEXT).collect();
    let mut shown = ForeignText::line(&cut).to_string();
    if cut.len() < text.len() {
        shown.push('…');
    }
    shown.into()
}

fn millis(duration: Duration) -> Value {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_on_its_line_and_in_its_bounds() {
        let session = format!("\u{1b}[2J\n{{\"event\"\u{202e}{}", "x".repeat(1_000));
        let line = line(&LogEvent::TurnBegun {
            session: &session,
            model: "a/b",
            prompt_bytes: 1,
        });
        assert_eq!(line.matches('\n').count(), 1);
        assert!(line.len() < 1_000, "{line}");
        assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line}");
    }
}
