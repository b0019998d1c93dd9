//! Events of a turn, in the order in which they happen.

use std::time::Duration;

/// One event of a turn. A turn is `StepStart`, `TextDelta`…, (`ToolCall`, `ToolResult`)…,
/// `StepFinish` once for each step, and exactly one `MessageCreate` at its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
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
        /// Its input as JSON text.
        input: String,
    },
    /// A tool has answered. There is content also when it failed.
    ToolResult {
        /// The tool.
        tool: String,
        /// The call it answers.
        id: String,
        /// Its answer.
        content: String,
        /// Time it took.
        duration: Duration,
    },
    /// The step is over.
    StepFinish {
        /// The model's text in it.
        text: String,
    },
    /// The turn is over.
    MessageCreate {
        /// The answer.
        text: String,
    },
}
