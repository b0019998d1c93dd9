//! Domain errors as gRPC statuses: the one place that knows both.

use cofferdam_agent::{AgentError, TurnError};
use tonic::Status;

/// What a client is told when the host is at fault; the log has the rest.
const INTERNAL: &str = "the host failed; its log says more";

pub(crate) fn of_agent(error: &AgentError) -> Status {
    let sentence = error.to_string();
    match error {
        AgentError::Unknown { .. } => Status::not_found(sentence),
        AgentError::Ambiguous { .. } => Status::invalid_argument(sentence),
        AgentError::NotRunning { .. } => Status::failed_precondition(sentence),
        AgentError::Agentfile(_)
        | AgentError::Model { .. }
        | AgentError::Bin { .. }
        | AgentError::Tool { .. }
        | AgentError::Tree { .. }
        | AgentError::Store(_)
        | AgentError::Migrate(_) => internal(&sentence),
    }
}

pub(crate) fn of_turn(error: &TurnError) -> Status {
    let sentence = error.to_string();
    match error {
        TurnError::PromptTooLong { .. } | TurnError::EmptyPrompt | TurnError::SessionId { .. } => {
            Status::invalid_argument(sentence)
        }
        TurnError::Busy(_) => Status::aborted(sentence),
        TurnError::SessionFull { .. } => Status::resource_exhausted(sentence),
        TurnError::Model(cofferdam_model::Error::Vendor { retryable: true, .. }) => Status::unavailable(sentence),
        TurnError::Model(_) => Status::failed_precondition(sentence),
        TurnError::Cancelled => Status::cancelled(sentence),
        TurnError::Stalled(_) => Status::deadline_exceeded(sentence),
        TurnError::Store(_) => internal(&sentence),
    }
}

/// A failure of the database, or of anything else that is the host's own.
pub(crate) fn of_host(error: &dyn std::error::Error) -> Status {
    internal(&error.to_string())
}

fn internal(sentence: &str) -> Status {
    tracing::error!("{sentence}");
    Status::internal(INTERNAL)
}
