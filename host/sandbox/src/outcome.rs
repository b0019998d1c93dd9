//! How a call ended.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

/// How a call ended. Closed: every call ends in exactly one of these, and a guest cannot choose one that means a decision
/// of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum Outcome {
    /// The guest did its work.
    Ok,
    /// The guest ran to its end and says that it failed.
    GuestError {
        /// The exit code of a command; 1 for a typed tool.
        code: i32,
        /// What a typed tool says; empty for a command, which says it on standard error.
        message: String,
    },
    /// The guest did something that WebAssembly forbids, or gave up (`unreachable`, how a Rust panic ends).
    Trap {
        /// What it was.
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
        /// What was refused, and what would be right.
        reason: String,
    },
    /// The guest handed the host more in one call than it takes.
    HostCallTooLarge,
    /// The host failed. Nothing the guest did explains it.
    HostFault {
        /// What the caller may know; the log has the rest.
        message: String,
    },
}

impl Outcome {
    /// Whether the tool did its work.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }

    /// Whether the host's policy or one of its limits ended the call.
    pub fn is_limit(&self) -> bool {
        match self {
            Self::OutOfFuel
            | Self::OutOfMemory
            | Self::StackOverflow
            | Self::Deadline
            | Self::Denied { .. }
            | Self::HostCallTooLarge => true,
            Self::Ok | Self::GuestError { .. } | Self::Trap { .. } | Self::Cancelled | Self::HostFault { .. } => false,
        }
    }

    /// The name of the outcome, as receipts and tests spell it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::GuestError { .. } => "guest-error",
            Self::Trap { .. } => "trap",
            Self::OutOfFuel => "out-of-fuel",
            Self::OutOfMemory => "out-of-memory",
            Self::StackOverflow => "stack-overflow",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
            Self::Denied { .. } => "denied",
            Self::HostCallTooLarge => "host-call-too-large",
            Self::HostFault { .. } => "host-fault",
        }
    }
}

impl Outcome {
    /// What is known beyond the name; empty for outcomes whose name says it all.
    pub fn reason(&self) -> Cow<'_, str> {
        match self {
            Self::GuestError { code, message } if message.is_empty() => format!("exit code {code}").into(),
            Self::GuestError { message, .. } | Self::Trap { message } | Self::HostFault { message } => message.into(),
            Self::Denied { reason } => reason.into(),
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
        f.write_str(self.name())?;
        match self.reason() {
            reason if reason.is_empty() => Ok(()),
            reason => write!(f, ": {reason}"),
        }
    }
}
