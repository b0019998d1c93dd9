//! The states of an agent, as they are stored and as clients read them.

use std::fmt::{self, Display, Formatter};

/// The state of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its image, its tools and its tree are prepared for the first time.
    Pulling,
    /// It is prepared, and its tools and its model are being made ready.
    Starting,
    /// It takes turns.
    Ready,
    /// A turn runs.
    Working,
    /// The operator has stopped it.
    Stopped,
    /// It does not work, for this reason.
    Failed(FailureReason),
    /// Its tree and its sessions are being removed.
    Removing,
    /// It is gone.
    Removed,
}

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    /// Its image or that of a tool cannot be had.
    Pull,
    /// Its tree or a tool cannot be made ready.
    Init,
    /// Its Agentfile, or a choice of the operator, is wrong.
    Config,
    /// Its model cannot be opened.
    Model,
    /// It was not ready within the time that it has.
    ReadinessTimeout,
    /// A task of it ended in a panic.
    Crashed,
}

/// The operator's wish for an agent, which holds over restarts of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desired {
    /// It runs whenever the host runs.
    Running,
    /// It stays stopped until somebody starts it.
    Stopped,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 13] = [
        Self::Pulling,
        Self::Starting,
        Self::Ready,
        Self::Working,
        Self::Stopped,
        Self::Failed(FailureReason::Pull),
        Self::Failed(FailureReason::Init),
        Self::Failed(FailureReason::Config),
        Self::Failed(FailureReason::Model),
        Self::Failed(FailureReason::ReadinessTimeout),
        Self::Failed(FailureReason::Crashed),
        Self::Removing,
        Self::Removed,
    ];

    /// The name of the state, without the reason of a failure.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pulling => "pulling",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Working => "working",
            Self::Stopped => "stopped",
            Self::Failed(_) => "failed",
            Self::Removing => "removing",
            Self::Removed => "removed",
        }
    }

    /// The reason of a failure, or an empty text.
    pub fn failure_reason(self) -> &'static str {
        match self {
            Self::Failed(reason) => reason.as_str(),
            Self::Pulling
            | Self::Starting
            | Self::Ready
            | Self::Working
            | Self::Stopped
            | Self::Removing
            | Self::Removed => "",
        }
    }

    /// The state with these names.
    pub(crate) fn read(status: &str, reason: &str) -> Result<Self, sqlx::Error> {
        let named = |state: &Self| state.as_str() == status && state.failure_reason() == reason;
        // The table allows no other status and no other reason, but more pairs of them.
        Self::ALL.into_iter().find(named).ok_or_else(|| {
            sqlx::Error::Decode(
                format!("an agent has the status {status:?} with the reason {reason:?}").into(),
            )
        })
    }
}

impl FailureReason {
    /// The name of the reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Init => "init",
            Self::Config => "config",
            Self::Model => "model",
            Self::ReadinessTimeout => "readiness_timeout",
            Self::Crashed => "crashed",
        }
    }
}

impl Desired {
    /// The name of the wish.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }

    pub(crate) fn read(stored: &str) -> Result<Self, sqlx::Error> {
        match stored {
            "running" => Ok(Self::Running),
            "stopped" => Ok(Self::Stopped),
            // The table allows no other.
            other => Err(sqlx::Error::Decode(
                format!("an agent is to be {other:?}").into(),
            )),
        }
    }
}

impl Display for State {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(reason) => write!(f, "failed ({})", reason.as_str()),
            _ => f.write_str(self.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_back_by_its_names() {
        for state in State::ALL {
            let read = State::read(state.as_str(), state.failure_reason());
            assert_eq!(read.unwrap(), state);
        }
        assert!(State::read("failed", "").is_err());
        assert!(State::read("ready", "model").is_err());
        assert!(State::read("asleep", "").is_err());
    }
}
