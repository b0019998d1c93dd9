//! Messages to a model and its answers, in no vendor's words.

use cofferdam_call::Descriptor;
use serde_json::Value;

use crate::object::ObjectSchema;
use crate::sampling::Sampling;
use crate::thinking::Thinking;
use crate::usage::Usage;

/// One entry of a conversation, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Instructions from the agent's author; they stand before what users say.
    System(String),
    /// A message of the user.
    User(String),
    /// An earlier turn of the model.
    Assistant {
        /// Text of the model; empty when it only called tools.
        text: String,
        /// The tools it called, in its order.
        tool_calls: Vec<ToolCall>,
        /// [`Turn::thinking`], as long as the tools of the same answer run; else none.
        thinking: Thinking,
    },
    /// The result of one tool call of an earlier turn.
    ToolResult {
        /// The [`ToolCall::id`] this answers.
        call_id: String,
        /// The name of the tool that was called.
        tool: String,
        /// The tool's result, or the reason why it failed.
        content: String,
        /// True if the call failed, was denied or hit a limit.
        failed: bool,
    },
}

impl Message {
    /// Bytes of its text, by which tokens are guessed where a vendor counts none.
    pub fn bytes(&self) -> usize {
        match self {
            Self::System(text) | Self::User(text) | Self::Assistant { text, .. } => text.len(),
            Self::ToolResult { content, .. } => content.len(),
        }
    }
}

/// A model's wish to call a tool. Whether it may is not decided here.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Pairs the call with its result; unique within the conversation.
    pub id: String,
    /// A name from [`Request::tools`], unless the model made one up.
    pub name: String,
    /// As the model wrote them: usually an object, never yet checked against the tool's schema.
    pub arguments: Value,
}

/// Everything a model needs for one turn: models keep nothing between turns.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// The tools the model may ask for.
    pub tools: Vec<Descriptor>,
    /// Choices about the answer.
    pub sampling: Sampling,
    /// The form of the answer, if it is to be JSON. The words of the turn are then JSON, as far as
    /// the model keeps to it, and no tool is called.
    pub object: Option<ObjectSchema>,
}

/// One turn of a model. Without tool calls it is the end of the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// All of the text, also the part that was already streamed.
    pub text: String,
    /// The tools the model wants called, in its order.
    pub tool_calls: Vec<ToolCall>,
    /// Thoughts that go back to the model together with the results of its tools.
    pub thinking: Thinking,
    /// Tokens that the turn took.
    pub usage: Usage,
    /// The reason why it ended.
    pub finish: Finish,
}

/// The reason why a turn of a model ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finish {
    /// The model had nothing more to say, or waits for its tools.
    #[default]
    Done,
    /// It had more to say than [`Sampling::max_tokens`].
    Length,
    /// The provider withheld the rest.
    Filtered,
}
