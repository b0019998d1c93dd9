//! Messages to a model and its answers, in no vendor's words.

use cofferdam_call::Descriptor;
use serde_json::Value;

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
    /// The most tokens a vendor's model may produce in this turn.
    pub max_tokens: u32,
}

/// One turn of a model. Without tool calls it is the end of the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// All of the text, also the part that was already streamed.
    pub text: String,
    /// The tools the model wants called, in its order.
    pub tool_calls: Vec<ToolCall>,
}
