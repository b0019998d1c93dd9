//! The ends of turns.

use std::time::Duration;

use crate::error::TurnError;

/// The reason why a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The model had nothing more to call.
    End,
    /// The model had more to say than one answer may have.
    AnswerLength,
    /// The provider withheld a part of the answer.
    AnswerWithheld,
    /// The model said nothing and called nothing.
    AnswerEmpty,
    /// The model would have gone on after as many steps as a turn may have.
    MaxIterations,
    /// Its calls have used the fuel of a turn.
    Fuel,
    /// Its time was over.
    Wall,
    /// The model and its tools have said as much as they may in one turn.
    Bytes,
    /// It has made as many calls of tools as a turn may.
    Calls,
    /// The model has read and written as many tokens as it may in one turn.
    Tokens,
    /// Somebody cancelled it, or its client went away.
    Cancelled,
    /// Its client took no events.
    ClientStalled,
    /// The model failed.
    ModelFailed,
    /// The agent was stopped or removed.
    AgentStopped,
    /// The host failed.
    HostFailed,
}

/// The end of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnEnd {
    /// The reason.
    pub reason: StopReason,
    /// The sentence about a reason other than [`StopReason::End`].
    pub detail: String,
    /// The answer: the text of the last step.
    pub text: String,
    /// Resources that the turn used.
    pub used: TurnUse,
}

/// Resources that a turn has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TurnUse {
    /// Tokens that the model read, as its vendor counts them.
    pub input_tokens: u64,
    /// Tokens that it wrote.
    pub output_tokens: u64,
    /// The part of those that it read that its vendor had from before.
    pub cached_tokens: u64,
    /// Calls of tools.
    pub calls: u32,
    /// Fuel of these calls.
    pub fuel: u64,
    /// Time.
    pub wall: Duration,
}

impl TurnUse {
    /// The part of it that came after `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_sub(before.input_tokens),
            output_tokens: self.output_tokens.saturating_sub(before.output_tokens),
            cached_tokens: self.cached_tokens.saturating_sub(before.cached_tokens),
            calls: self.calls.saturating_sub(before.calls),
            fuel: self.fuel.saturating_sub(before.fuel),
            wall: self.wall.saturating_sub(before.wall),
        }
    }
}

impl StopReason {
    /// Every reason.
    pub const ALL: [Self; 15] = [
        Self::End,
        Self::AnswerLength,
        Self::AnswerWithheld,
        Self::AnswerEmpty,
        Self::MaxIterations,
        Self::Fuel,
        Self::Wall,
        Self::Bytes,
        Self::Calls,
        Self::Tokens,
        Self::Cancelled,
        Self::ClientStalled,
        Self::ModelFailed,
        Self::AgentStopped,
        Self::HostFailed,
    ];

    /// The name, as it is stored and as clients read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::AnswerLength => "answer-length",
            Self::AnswerWithheld => "answer-withheld",
            Self::AnswerEmpty => "answer-empty",
            Self::MaxIterations => "max-iterations",
            Self::Fuel => "turn-fuel",
            Self::Wall => "turn-wall",
            Self::Bytes => "turn-bytes",
            Self::Calls => "turn-calls",
            Self::Tokens => "turn-tokens",
            Self::Cancelled => "cancelled",
            Self::ClientStalled => "client-stalled",
            Self::ModelFailed => "model-failed",
            Self::AgentStopped => "agent-stopped",
            Self::HostFailed => "host-failed",
        }
    }

    /// Returns true if nothing failed, though the model might have gone on.
    pub fn is_whole(self) -> bool {
        match self {
            Self::End
            | Self::AnswerLength
            | Self::AnswerWithheld
            | Self::AnswerEmpty
            | Self::MaxIterations
            | Self::Fuel
            | Self::Wall
            | Self::Bytes
            | Self::Calls
            | Self::Tokens => true,
            Self::Cancelled
            | Self::ClientStalled
            | Self::ModelFailed
            | Self::AgentStopped
            | Self::HostFailed => false,
        }
    }

    /// The reason of a turn that failed so.
    pub(crate) fn of(error: &TurnError) -> Self {
        match error {
            TurnError::Cancelled => Self::Cancelled,
            TurnError::Stalled(_) => Self::ClientStalled,
            TurnError::Model(_) => Self::ModelFailed,
            TurnError::AtRest | TurnError::Stopped | TurnError::Suspended => Self::AgentStopped,
            TurnError::PromptTooLong { .. }
            | TurnError::EmptyPrompt
            | TurnError::SessionId { .. }
            | TurnError::Crashed
            | TurnError::NothingWaits
            | TurnError::Busy { .. }
            | TurnError::Begin { .. }
            | TurnError::Store(_) => Self::HostFailed,
        }
    }
}
