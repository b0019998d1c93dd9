//! Text that a model reads when a call is over.

use cofferdam_call::{Outcome, Receipt, Report};
use cofferdam_capability::json;

use crate::reached::Reached;
use crate::tool::Tool;
use crate::toolbox::UnknownTool;

/// Refusals that are told in a line of the outputs themselves.
const OUTPUT: [&str; 2] = ["stdout: ", "stderr: "];

/// The most refusals that a model reads; the receipt has all of them.
const MAX_TOLD: usize = 8;

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
        let mut content = match outcome {
            Outcome::Ok if !stdout.is_empty() => stdout,
            Outcome::Ok if stderr.is_empty() => "(exit 0, no output)".to_owned(),
            Outcome::Ok => format!("(exit 0, no stdout; stderr: {})", stderr.trim_end()),
            failed => {
                let mut content =
                    format!("execution error: {failed}{}", advice(&report.receipt, tool));
                for (name, text) in [("stderr", stderr), ("stdout", stdout)] {
                    if !text.is_empty() {
                        content.push_str(&format!("\n{name}:\n{}", text.trim_end()));
                    }
                }
                content
            }
        };
        if tool.is_command() || !outcome.is_ok() {
            for line in told(&report.receipt) {
                content.push_str(&format!("\n{line}"));
            }
        }
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
fn advice(receipt: &Receipt, tool: &Tool) -> String {
    let Some(Reached { name, value }) = Reached::of(receipt, tool.grant().limits()) else {
        return match receipt.outcome {
            Outcome::StackOverflow => {
                ": its calls went too deep: give it data that is nested less".to_owned()
            }
            _ => String::new(),
        };
    };
    let less = match receipt.outcome {
        Outcome::OutOfMemory => "data",
        _ => "to do",
    };
    format!(" (limit {value} of {name}): give it less {less} in one call")
}

/// Returns what the host refused and left out, a line each. A tool often says only that something
/// failed, and a model that does not know why tries again.
fn told(receipt: &Receipt) -> Vec<String> {
    let refused = receipt
        .refusals
        .iter()
        .filter(|refusal| !OUTPUT.iter().any(|output| refusal.starts_with(output)))
        .take(MAX_TOLD)
        .map(|refusal| format!("[refused by the host: {refusal}]"));
    refused.chain(receipt.unlisted_marker()).collect()
}
