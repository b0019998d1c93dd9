//! Text that a model reads when a call is over.

use cofferdam_call::{Outcome, Receipt, Report};
use cofferdam_capability::json;

use crate::tool::Tool;
use crate::toolbox::UnknownTool;

/// The result of a call in words for a model: never empty, also when it failed.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The text.
    pub content: String,
    /// True if the tool did not do its work.
    pub failed: bool,
    /// True if the text is JSON: the whole result of a typed tool. Nothing of it is parsed yet.
    pub is_json: bool,
    /// Resources that the call used; there is none for a tool that does not exist.
    pub receipt: Option<Receipt>,
}

impl Answer {
    /// Returns the text that a model reads of this call of this tool.
    pub fn of(report: &Report, tool: &Tool) -> Self {
        let stdout = report.stdout.text();
        let stderr = report.stderr.text();
        let outcome = &report.receipt.outcome;
        let content = match outcome {
            Outcome::Ok if !stdout.is_empty() => stdout,
            Outcome::Ok if stderr.is_empty() => "(exit 0, no output)".to_owned(),
            Outcome::Ok => format!("(exit 0, no stdout; stderr: {})", stderr.trim_end()),
            failed => {
                let mut content = format!("execution error: {failed}{}", advice(failed, tool));
                for (name, text) in [("stderr", stderr), ("stdout", stdout)] {
                    if !text.is_empty() {
                        content.push_str(&format!("\n{name}:\n{}", text.trim_end()));
                    }
                }
                content
            }
        };
        let whole = outcome.is_ok() && !tool.is_command() && report.stdout.dropped() == 0;
        let is_json = whole && json::weight(report.stdout.bytes()).is_ok();
        Self {
            content,
            failed: !outcome.is_ok(),
            is_json,
            receipt: Some(report.receipt.clone()),
        }
    }

    pub(crate) fn unknown(unknown: &UnknownTool) -> Self {
        Self {
            content: format!("execution error: {unknown}"),
            failed: true,
            is_json: false,
            receipt: None,
        }
    }
}

/// Returns what the model can do about a limit, with the number it ran into.
fn advice(outcome: &Outcome, tool: &Tool) -> String {
    let limits = tool.grant().limits();
    match outcome {
        Outcome::OutOfFuel => format!(
            " (limit {} of fuel): give it less to do in one call",
            limits.fuel
        ),
        Outcome::OutOfMemory => {
            format!(" (limit {}): give it less data in one call", limits.memory)
        }
        Outcome::Deadline => format!(" (limit {}): give it less to do in one call", limits.wall),
        Outcome::HostCallTooLarge => format!(" (limit {})", limits.host_call),
        _ => String::new(),
    }
}
