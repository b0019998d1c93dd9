//! The code of every way in which a call ends.

use cofferdam_agent::AgentError;
use cofferdam_call::{GuestVerdict, GuestVerdictKind, Outcome, Receipt};
use cofferdam_tool::{Answer, Reached, Tool};

use super::code::Code;
use super::failure::Failure;

/// The text of a tool, or the failure of its call.
pub(super) fn of_answer(answer: Answer, tool: &Tool) -> Result<String, Failure> {
    let Answer {
        content,
        failed,
        receipt,
        ..
    } = answer;
    if !failed {
        return Ok(content);
    }
    let Some(receipt) = receipt else {
        return Err(unknown_tool(tool.name(), content));
    };
    let mut failure = match &receipt.verdict {
        Some(verdict) => of_verdict(verdict, content),
        None => Failure::new(of_outcome(&receipt), content),
    };
    match &receipt.outcome {
        Outcome::SecretUnavailable { retryable, .. } => failure.retryable = *retryable,
        Outcome::ApprovalPending { approval, .. } => failure = failure.with("approval", approval),
        _ => {}
    }
    let mut failure = failure
        .with("tool", tool.name())
        .with("outcome", receipt.outcome.name().as_str())
        .with("origin", origin(&receipt.outcome))
        .with("attempts", receipt.attempts.to_string());
    failure.retryable &= receipt.outcome.is_retryable();
    match Reached::of(&receipt, tool.grant().limits()) {
        Some(Reached { name, value }) => {
            Err(failure.with("limit", name).with("limit_value", value))
        }
        None => Err(failure),
    }
}

/// The failure of a call by the tool's own verdict. Its code counts if a tool may give it, and its
/// details stand apart from those of the host.
fn of_verdict(verdict: &GuestVerdict, content: String) -> Failure {
    let GuestVerdict {
        kind,
        retryable,
        code,
        details,
    } = verdict;
    let own = match kind {
        GuestVerdictKind::Failed => Code::of_guest(code).unwrap_or(Code::ExecutionFailed),
        GuestVerdictKind::Denied => Code::PermissionDenied,
        GuestVerdictKind::Violation => Code::RuntimePolicyInvalid,
    };
    let mut failure = Failure::new(own, content);
    failure.retryable = *retryable;
    if !code.is_empty() && code != own.as_str() {
        failure = failure.with("guest_code", code);
    }
    for (key, value) in details {
        failure = failure.with(format!("guest.{key}"), value);
    }
    failure
}

/// The code of a call that ended so.
fn of_outcome(receipt: &Receipt) -> Code {
    match receipt.outcome {
        Outcome::Denied { .. } if receipt.unfit_input => Code::InvalidInput,
        Outcome::Denied { .. } => Code::PermissionDenied,
        Outcome::ApprovalPending { .. } => Code::ApprovalPending,
        Outcome::SecretUnavailable { .. } => Code::SecretResolutionFailed,
        Outcome::Deadline => Code::Timeout,
        Outcome::Cancelled => Code::Canceled,
        // `Ok` is a result that is none, such as content that cannot be read.
        Outcome::Ok
        | Outcome::GuestError { .. }
        | Outcome::Trap { .. }
        | Outcome::OutOfFuel
        | Outcome::OutOfMemory
        | Outcome::StackOverflow
        | Outcome::HostCallTooLarge
        | Outcome::HostFault { .. } => Code::ExecutionFailed,
    }
}

/// The side that ended a call so.
fn origin(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Ok | Outcome::GuestError { .. } | Outcome::Trap { .. } => "guest",
        Outcome::Cancelled => "caller",
        Outcome::Denied { .. }
        | Outcome::ApprovalPending { .. }
        | Outcome::SecretUnavailable { .. }
        | Outcome::Deadline
        | Outcome::OutOfFuel
        | Outcome::OutOfMemory
        | Outcome::StackOverflow
        | Outcome::HostCallTooLarge
        | Outcome::HostFault { .. } => "host",
    }
}

/// The failure of a call of a tool that its agent does not have.
pub(super) fn unknown_tool(tool: &str, message: impl Into<String>) -> Failure {
    Failure::new(Code::UnsupportedTool, message).with("tool", tool)
}

/// The failure of a call about an agent that is not there or not ready.
pub(super) fn of_agent(error: &AgentError) -> Failure {
    let sentence = error.to_string();
    match error {
        AgentError::Unknown { .. } | AgentError::Ambiguous { .. } | AgentError::Several { .. } => {
            Failure::new(Code::InvalidInput, sentence)
                .with("field", "agent")
                .with("expected", "the name of an agent of this host")
        }
        AgentError::NotYet { .. } => Failure::new(Code::ExecutionFailed, sentence),
        AgentError::NotRunning { .. } | AgentError::Goes { .. } => {
            Failure::new(Code::IsolationUnavailable, sentence)
        }
        // `find` has no other error today; what a later one says may be the host's own affair.
        _ => {
            tracing::error!("{sentence}");
            Failure::new(Code::ExecutionFailed, "the host failed; its log says more")
        }
    }
}
