//! The end of a call.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The end of a call. Closed: every call ends in exactly one of these, and a guest cannot choose
/// one that means a decision of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum Outcome {
    /// The guest did its work.
    Ok,
    /// The guest ran to its end and says that it failed.
    GuestError {
        /// The exit code of a command; 1 for a typed tool.
        code: i32,
        /// The tool's words; empty for a command, which says it on standard error.
        message: String,
    },
    /// The guest did something that WebAssembly forbids, or gave up (`unreachable`, how a Rust
    /// panic ends).
    Trap {
        /// The fault.
        message: String,
    },
    /// The fuel was used up.
    OutOfFuel,
    /// Memory or a table was asked for beyond the limit.
    OutOfMemory,
    /// The guest's calls went deeper than its stack.
    StackOverflow,
    /// The wall clock ran out, wherever the call was.
    Deadline,
    /// The caller does not want the answer any more.
    Cancelled,
    /// The host refused, by policy or because an input is over its limit.
    Denied {
        /// The request that was refused, and what would be right.
        reason: String,
    },
    /// A person has to approve the call before it happens, and was asked. Nothing ran.
    ApprovalPending {
        /// The id of the question.
        approval: String,
        /// The reason for it.
        reason: String,
    },
    /// A secret of the call cannot be had, so nothing of it ran.
    SecretUnavailable {
        /// The secret, and the next step; the log has the rest.
        reason: String,
        /// True if the same call may work later: the server that gives tokens did not.
        retryable: bool,
    },
    /// The guest handed the host more in one call than it takes.
    HostCallTooLarge,
    /// The host failed. Nothing the guest did explains it.
    HostFault {
        /// The text that the caller may know; the log has the rest.
        message: String,
    },
}

impl Outcome {
    /// Returns true if the tool did its work.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }

    /// The exit code of a guest that says that it failed.
    pub fn code(&self) -> Option<i32> {
        match self {
            Self::GuestError { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Returns true if the host's policy or one of its limits ended the call.
    pub fn is_limit(&self) -> bool {
        match self {
            Self::OutOfFuel
            | Self::OutOfMemory
            | Self::StackOverflow
            | Self::Deadline
            | Self::Denied { .. }
            | Self::ApprovalPending { .. }
            | Self::HostCallTooLarge => true,
            Self::Ok
            | Self::GuestError { .. }
            | Self::Trap { .. }
            | Self::Cancelled
            | Self::SecretUnavailable { .. }
            | Self::HostFault { .. } => false,
        }
    }

    /// Returns true if the same call may end otherwise when it is made again: what failed may
    /// have been something else than the call.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::GuestError { .. }
            | Self::Trap { .. }
            | Self::Deadline
            | Self::HostFault { .. } => true,
            Self::SecretUnavailable { retryable, .. } => *retryable,
            Self::Ok
            | Self::ApprovalPending { .. }
            | Self::OutOfFuel
            | Self::OutOfMemory
            | Self::StackOverflow
            | Self::Cancelled
            | Self::Denied { .. }
            | Self::HostCallTooLarge => false,
        }
    }

    /// Its name.
    pub fn name(&self) -> OutcomeName {
        match self {
            Self::Ok => OutcomeName::Ok,
            Self::GuestError { .. } => OutcomeName::GuestError,
            Self::Trap { .. } => OutcomeName::Trap,
            Self::OutOfFuel => OutcomeName::OutOfFuel,
            Self::OutOfMemory => OutcomeName::OutOfMemory,
            Self::StackOverflow => OutcomeName::StackOverflow,
            Self::Deadline => OutcomeName::Deadline,
            Self::Cancelled => OutcomeName::Cancelled,
            Self::Denied { .. } => OutcomeName::Denied,
            Self::ApprovalPending { .. } => OutcomeName::ApprovalPending,
            Self::SecretUnavailable { .. } => OutcomeName::SecretUnavailable,
            Self::HostCallTooLarge => OutcomeName::HostCallTooLarge,
            Self::HostFault { .. } => OutcomeName::HostFault,
        }
    }

    /// Returns what is known beyond the name; empty for outcomes whose name says it all.
    pub fn reason(&self) -> Cow<'_, str> {
        match self {
            Self::GuestError { code, message } if message.is_empty() => {
                format!("exit code {code}").into()
            }
            Self::GuestError { message, .. }
            | Self::Trap { message }
            | Self::HostFault { message } => message.into(),
            Self::Denied { reason }
            | Self::ApprovalPending { reason, .. }
            | Self::SecretUnavailable { reason, .. } => reason.into(),
            Self::Ok
            | Self::OutOfFuel
            | Self::OutOfMemory
            | Self::StackOverflow
            | Self::Deadline
            | Self::Cancelled
            | Self::HostCallTooLarge => Cow::Borrowed(""),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().as_str())?;
        match self.reason() {
            reason if reason.is_empty() => Ok(()),
            reason => write!(f, ": {reason}"),
        }
    }
}

/// The name of an outcome, as receipts, logs and cases of tools spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeName {
    /// [`Outcome::Ok`].
    Ok,
    /// [`Outcome::GuestError`].
    GuestError,
    /// [`Outcome::Trap`].
    Trap,
    /// [`Outcome::OutOfFuel`].
    OutOfFuel,
    /// [`Outcome::OutOfMemory`].
    OutOfMemory,
    /// [`Outcome::StackOverflow`].
    StackOverflow,
    /// [`Outcome::Deadline`].
    Deadline,
    /// [`Outcome::Cancelled`].
    Cancelled,
    /// [`Outcome::Denied`].
    Denied,
    /// [`Outcome::ApprovalPending`].
    ApprovalPending,
    /// [`Outcome::SecretUnavailable`].
    SecretUnavailable,
    /// [`Outcome::HostCallTooLarge`].
    HostCallTooLarge,
    /// [`Outcome::HostFault`].
    HostFault,
}

impl OutcomeName {
    /// Every name there is.
    pub const ALL: [Self; 13] = [
        Self::Ok,
        Self::GuestError,
        Self::Trap,
        Self::OutOfFuel,
        Self::OutOfMemory,
        Self::StackOverflow,
        Self::Deadline,
        Self::Cancelled,
        Self::Denied,
        Self::ApprovalPending,
        Self::SecretUnavailable,
        Self::HostCallTooLarge,
        Self::HostFault,
    ];

    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::GuestError => "guest-error",
            Self::Trap => "trap",
            Self::OutOfFuel => "out-of-fuel",
            Self::OutOfMemory => "out-of-memory",
            Self::StackOverflow => "stack-overflow",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
            Self::Denied => "denied",
            Self::ApprovalPending => "approval-pending",
            Self::SecretUnavailable => "secret-unavailable",
            Self::HostCallTooLarge => "host-call-too-large",
            Self::HostFault => "host-fault",
        }
    }

    /// The outcome that is spelt so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

impl fmt::Display for OutcomeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_spelt_in_one_way() {
        for name in OutcomeName::ALL {
            assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
            assert_eq!(OutcomeName::parse(name.as_str()), Some(name));
        }
    }

    #[test]
    fn an_outcome_comes_back_from_json_as_it_was() {
        for outcome in [
            Outcome::Deadline,
            Outcome::GuestError {
                code: 3,
                message: "no".to_owned(),
            },
            Outcome::Denied {
                reason: "why".to_owned(),
            },
        ] {
            let json = serde_json::to_value(&outcome).unwrap();
            assert_eq!(json["name"], outcome.name().as_str());
            assert_eq!(serde_json::from_value::<Outcome>(json).unwrap(), outcome);
        }
    }
}
