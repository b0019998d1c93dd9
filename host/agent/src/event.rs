//! Events of a turn, in the order in which they happen.

use std::time::Duration;

use cofferdam_call::Progress;

use crate::stop::{TurnEnd, TurnUse};

/// One event of a turn. A turn is `TurnStart`, then `StepStart`, `TextDelta`…, (`ToolCall`,
/// `ToolProgress`…, `ToolResult`)…, `StepFinish` once for each step, and exactly one `TurnEnd`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The prompt is stored, and its answer begins.
    TurnStart {
        /// The number of the prompt among the messages of the host.
        prompt_id: i64,
        /// The number of the answer.
        answer_id: i64,
        /// The number of the answer among those to this prompt, counted from 0.
        branch: i64,
        /// The prompt.
        prompt: String,
    },
    /// The model is asked.
    StepStart {
        /// Counted from 0.
        step: u32,
    },
    /// A piece of what the model says.
    TextDelta {
        /// The piece.
        text: String,
    },
    /// The model calls a tool.
    ToolCall {
        /// The tool.
        tool: String,
        /// The call, as the model numbers it.
        id: String,
        /// Its input as JSON text, as the model wrote it.
        input: String,
        /// The input that the tool gets, as JSON text; empty if it is the same.
        repaired: String,
        /// The mistakes in the input that were put right, in words.
        repairs: Vec<String>,
    },
    /// A call waits for a person to approve it.
    ApprovalRequested {
        /// The tool.
        tool: String,
        /// The call, as the model numbers it.
        id: String,
        /// The id of the question.
        approval: String,
        /// The reason for it.
        reason: String,
    },
    /// A tool that runs tells its progress. The newest counts: older ones may be left out.
    ToolProgress {
        /// The tool.
        tool: String,
        /// The call.
        id: String,
        /// Its progress.
        progress: Progress,
    },
    /// A tool has answered. There is content also when it failed.
    ToolResult {
        /// The tool.
        tool: String,
        /// The call it answers.
        id: String,
        /// Its answer.
        content: String,
        /// True if it did not do its work.
        failed: bool,
        /// Time it took.
        duration: Duration,
        /// Resources that it used, as JSON; empty if nothing ran.
        receipt: String,
        /// The file in which tools find all of the answer, where the content was cut; else empty.
        file: String,
    },
    /// The step is over.
    StepFinish {
        /// The model's text in it.
        text: String,
        /// Resources that it used.
        used: TurnUse,
    },
    /// The turn is over, and its answer stored.
    TurnEnd(TurnEnd),
}
