//! Text that a model reads when a call is over.

use cofferdam_call::{Block, Outcome, Receipt, Report};
use cofferdam_capability::{Account, json};

use crate::content::{Binary, Content};
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
    /// Content that is more than the text, which then says it in words; empty for text alone.
    pub blocks: Vec<Block>,
    /// The JSON beside such content, if there is some.
    pub structured: Option<String>,
    /// Resources that the call used; none for a call that was not made and for a tool that does
    /// not exist.
    pub receipt: Option<Receipt>,
    /// The end of a call that was not made, which has no receipt.
    pub unmade: Option<Outcome>,
}

impl Answer {
    /// Returns the text that a model reads of this call of this tool.
    pub fn of(report: &Report, tool: &Tool) -> Self {
        let Report {
            stdout,
            stderr,
            receipt,
        } = report;
        let outcome = &receipt.outcome;
        let whole = outcome.is_ok() && stdout.dropped() == 0;
        let answer = Self {
            content: String::new(),
            failed: !outcome.is_ok(),
            is_json: false,
            blocks: Vec::new(),
            structured: None,
            receipt: Some(receipt.clone()),
            unmade: None,
        };
        if !outcome.is_ok() {
            let content = failure(report, tool);
            return Self { content, ..answer };
        }
        if tool.answers_with_content() && whole {
            return answer.with_content(&stdout.text(), tool);
        }
        if tool.is_command()
            && let Some(Binary { block, mut text }) = Binary::of(stdout.bytes())
        {
            let mut blocks = vec![block];
            for line in stdout.marker().into_iter().chain(told(receipt)) {
                text = format!("{text}\n{line}");
                blocks.push(Block::Text { text: line });
            }
            return Self {
                content: text,
                blocks,
                ..answer
            };
        }
        let mut content = match (stdout.text(), stderr.text()) {
            (stdout, _) if !stdout.is_empty() => stdout,
            (_, stderr) if stderr.is_empty() => "(exit 0, no output)".to_owned(),
            (_, stderr) => format!("(exit 0, no stdout; stderr: {})", stderr.trim_end()),
        };
        if tool.is_command() {
            for line in told(receipt) {
                content.push_str(&format!("\n{line}"));
            }
        }
        let is_json = whole && !tool.is_command() && json::weight(stdout.bytes()).is_ok();
        Self {
            content,
            is_json,
            ..answer
        }
    }

    /// The answer of a tool that answers with content. Content that is none is a failure of the
    /// tool.
    fn with_content(self, result: &str, tool: &Tool) -> Self {
        let account = Account::new(tool.grant().limits().host_memory);
        match Content::read(result, &account) {
            Ok(content) => Self {
                content: match content.text() {
                    text if text.is_empty() => "(no content)".to_owned(),
                    text => text,
                },
                structured: content.structured.as_ref().map(ToString::to_string),
                blocks: content.blocks,
                ..self
            },
            Err(problem) => Self {
                content: format!("execution error: the result of the tool: {problem}"),
                failed: true,
                ..self
            },
        }
    }

    /// The answer to a call that was not made, with the outcome that it has instead and the words
    /// for the model.
    pub fn refused(outcome: Outcome, content: String) -> Self {
        Self {
            content,
            failed: true,
            is_json: false,
            blocks: Vec::new(),
            structured: None,
            receipt: None,
            unmade: Some(outcome),
        }
    }

    /// The end of the call; none for a tool that does not exist.
    pub fn outcome(&self) -> Option<&Outcome> {
        let made = self.receipt.as_ref().map(|receipt| &receipt.outcome);
        made.or(self.unmade.as_ref())
    }

    /// The answer to a call that ended with this receipt before its tool was loaded.
    pub(crate) fn cancelled(receipt: Receipt) -> Self {
        Self {
            content: format!("execution error: {}", receipt.outcome),
            failed: true,
            is_json: false,
            blocks: Vec::new(),
            structured: None,
            receipt: Some(receipt),
            unmade: None,
        }
    }

    pub(crate) fn unknown(unknown: &UnknownTool) -> Self {
        Self {
            content: format!("execution error: {unknown}"),
            failed: true,
            is_json: false,
            blocks: Vec::new(),
            structured: None,
            receipt: None,
            unmade: None,
        }
    }
}

/// The text of a call that failed: its outcome with what can be done about it, what the host
/// refused on the way, and what the tool said.
fn failure(report: &Report, tool: &Tool) -> String {
    let Report {
        stdout,
        stderr,
        receipt,
    } = report;
    let outcome = &receipt.outcome;
    let attempts = match receipt.attempts {
        1 => String::new(),
        attempts => format!(" (after {attempts} attempts)"),
    };
    let advice = advice(receipt, tool);
    let mut content = format!("execution error: {outcome}{advice}{attempts}");
    for line in told(receipt) {
        content.push_str(&format!("\n{line}"));
    }
    for (name, output) in [("stderr", stderr), ("stdout", stdout)] {
        // Bytes that are no text say nothing about a failure.
        let text = match std::str::from_utf8(output.bytes()) {
            Ok(_) => output.text(),
            Err(_) if name == "stdout" => {
                format!("({} bytes that are not text)", output.bytes().len())
            }
            Err(_) => output.text(),
        };
        if !text.is_empty() {
            content.push_str(&format!("\n{name}:\n{}", text.trim_end()));
        }
    }
    content
}

/// Returns what the model can do about a limit, with the number it ran into.
fn advice(receipt: &Receipt, tool: &Tool) -> String {
    if let Outcome::ApprovalPending { approval, .. } = &receipt.outcome {
        return format!(
            ". Nothing ran: a person can let it with `cofferdam approvals approve {approval}`"
        );
    }
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
