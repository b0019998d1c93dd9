//! Domain errors as gRPC statuses: the one place that knows both.

use cofferdam_agent::{AgentError, ApprovalRefused, ObjectError, TurnError};
use cofferdam_store::{BeginError, StoreError};
use cofferdam_tool::{DecisionError, ReviewDirectoryError};
use hyper::Response;
use tonic::body::Body;
use tonic::{Code, Status};

use super::details::{agent_not_named, with_reason};
use crate::edge::refusal::{Refusal, RefusalKind, Wire};
use crate::runtime_door_error::RuntimeDoorError;
use crate::token_book::TokenBookError;

/// The message for a client when the host is at fault; the log has the rest.
const INTERNAL: &str = "the host failed; its log says more";

/// The wire of gRPC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grpc;

impl Wire for Grpc {
    type Body = Body;

    fn refuse(refusal: Refusal) -> Response<Body> {
        let code = match refusal.kind {
            RefusalKind::Unauthenticated => Code::Unauthenticated,
            RefusalKind::Denied => Code::PermissionDenied,
            RefusalKind::NotFound => Code::Unimplemented,
            RefusalKind::Invalid => Code::InvalidArgument,
            RefusalKind::TooLarge | RefusalKind::Exhausted => Code::ResourceExhausted,
            RefusalKind::Slow => Code::DeadlineExceeded,
        };
        let reason = match refusal.kind {
            RefusalKind::Unauthenticated => "TOKEN_UNKNOWN",
            RefusalKind::Denied => "NOT_PERMITTED",
            RefusalKind::NotFound => "NO_SUCH_METHOD",
            RefusalKind::Invalid => "MALFORMED",
            RefusalKind::TooLarge => "TOO_LARGE",
            RefusalKind::Exhausted => "HOST_BUSY",
            RefusalKind::Slow => "TOO_SLOW",
        };
        with_reason(code, reason, refusal.sentence).into_http()
    }
}

pub(crate) fn of_runtime_door(error: &RuntimeDoorError) -> Status {
    let sentence = error.to_string();
    match error {
        RuntimeDoorError::TooMany(_) => Status::resource_exhausted(sentence),
        RuntimeDoorError::Taken(_) => Status::already_exists(sentence),
        RuntimeDoorError::Listen(_) => Status::failed_precondition(sentence),
    }
}

pub(crate) fn of_approval(error: &ApprovalRefused) -> Status {
    let sentence = error.to_string();
    match error {
        ApprovalRefused::Unknown(_) => Status::not_found(sentence),
        ApprovalRefused::Decided { .. } | ApprovalRefused::NotShown(_) => {
            Status::failed_precondition(sentence)
        }
        ApprovalRefused::Ambiguous(_)
        | ApprovalRefused::NoSession(_)
        | ApprovalRefused::Reason { .. } => Status::invalid_argument(sentence),
        ApprovalRefused::Store(error) => of_store(error),
        ApprovalRefused::Unrecorded(_) => Status::unavailable(sentence),
    }
}

pub(crate) fn of_token(error: &TokenBookError) -> Status {
    let sentence = error.to_string();
    match error {
        TokenBookError::Name(_)
        | TokenBookError::Scope(_)
        | TokenBookError::NoScope
        | TokenBookError::Lifetime(_)
        | TokenBookError::Capability(_)
        | TokenBookError::Many { .. }
        | TokenBookError::NoAgent => Status::invalid_argument(sentence),
        TokenBookError::Agent(error) => of_agent(error),
        TokenBookError::Taken(_) => Status::already_exists(sentence),
        TokenBookError::Unknown(_) => Status::not_found(sentence),
        TokenBookError::Full => Status::resource_exhausted(sentence),
        TokenBookError::Key(_) | TokenBookError::Random(_) => internal(&sentence),
        TokenBookError::Store(error) => of_store(error),
    }
}

/// A failure with the reviews of this host. Where they lie is for the log.
pub(crate) fn of_reviews(error: &ReviewDirectoryError) -> Status {
    use ReviewDirectoryError as E;
    match error {
        E::Short { .. } | E::Ambiguous(_) => Status::invalid_argument(error.for_callers()),
        E::Unknown(_) => Status::not_found(error.for_callers()),
        E::Full(_) => Status::resource_exhausted(error.for_callers()),
        E::Busy { .. } => {
            tracing::warn!("{error}");
            Status::unavailable(error.for_callers())
        }
        E::Damaged { .. } | E::Trust { .. } | E::KeysGone { .. } => {
            tracing::error!("{error}");
            Status::data_loss(error.for_callers())
        }
        E::Io { .. } => internal(&error.to_string()),
        E::Decision(error) => of_decision(error),
    }
}

/// A decision that this host does not take.
pub(crate) fn of_decision(error: &DecisionError) -> Status {
    let sentence = error.to_string();
    let not_yet = |reason| {
        let next = "`cofferdam review key trust` on the host lets it count";
        with_reason(
            Code::FailedPrecondition,
            reason,
            format!("{sentence}; {next}"),
        )
    };
    let wrong = |reason| with_reason(Code::InvalidArgument, reason, sentence.clone());
    match error {
        DecisionError::Untrusted => not_yet("DECISION_UNTRUSTED"),
        DecisionError::OutOfScope(_) => not_yet("DECISION_OUT_OF_SCOPE"),
        DecisionError::TooLarge(_) => wrong("DECISION_TOO_LARGE"),
        DecisionError::Envelope(_) | DecisionError::Malformed(_) | DecisionError::Reason(_) => {
            wrong("DECISION_MALFORMED")
        }
    }
}

pub(crate) fn of_agent(error: &AgentError) -> Status {
    let sentence = error.to_string();
    match error {
        AgentError::Unknown { .. } => Status::not_found(sentence),
        AgentError::Ambiguous { known } => agent_not_named(known, sentence),
        AgentError::Several { .. }
        | AgentError::Name(_)
        // Mistakes in an Agentfile, in what it names and in choices are the client's.
        | AgentError::Deployment { .. }
        | AgentError::Mount { .. }
        | AgentError::Resolved { .. }
        | AgentError::Agentfile(_)
        | AgentError::Yaml(_)
        | AgentError::NoName { .. }
        | AgentError::NoModel { .. }
        | AgentError::NoScript { .. }
        | AgentError::Policy { .. }
        | AgentError::Config { .. }
        | AgentError::Model { .. }
        | AgentError::Bin { .. }
        | AgentError::Tool { .. } => Status::invalid_argument(sentence),
        AgentError::AgentImage { source } => of_image(source),
        AgentError::Taken { .. } => Status::already_exists(sentence),
        AgentError::TooMany { .. } | AgentError::Full { .. } => {
            Status::resource_exhausted(sentence)
        }
        AgentError::NotRunning { .. }
        | AgentError::Runs { .. }
        | AgentError::Rests { .. }
        | AgentError::Goes { .. }
        | AgentError::Works { .. } => Status::failed_precondition(sentence),
        AgentError::Image { .. } | AgentError::NotYet { .. } | AgentError::Stubborn { .. } => {
            Status::unavailable(sentence)
        }
        AgentError::Interrupted { .. } => Status::aborted(sentence),
        AgentError::Slow { .. } => Status::deadline_exceeded(sentence),
        AgentError::Tree { .. }
        | AgentError::Gone { .. }
        | AgentError::Crashed { .. }
        | AgentError::Lost { .. } => internal(&sentence),
        AgentError::Session { source, .. } => Status::new(of_turn(source).code(), sentence),
        AgentError::Store(error) => of_store(error),
    }
}

pub(crate) fn of_image(error: &cofferdam_image::Error) -> Status {
    use cofferdam_image::Error as E;
    let sentence = error.to_string();
    match error {
        E::NotFound(_) => Status::not_found(sentence),
        E::NotATool { .. }
        | E::NotAnAgent { .. }
        | E::Nameless(_)
        | E::Unqualified(_)
        | E::Untagged(_)
        | E::Unnamed
        | E::Agentfile(_)
        | E::Reference(_) => Status::invalid_argument(sentence),
        E::Local { .. } | E::Pinned { .. } | E::Unsigned { .. } => {
            Status::failed_precondition(sentence)
        }
        E::Bin { source, .. } => Status::new(of_image(source).code(), sentence),
        E::TooLarge { .. } => Status::resource_exhausted(sentence),
        E::Corrupt { .. } => Status::data_loss(sentence),
        E::Registry { .. } | E::Busy => Status::unavailable(sentence),
        E::NotAStore(_) | E::Store { .. } | E::Io { .. } => internal(&sentence),
    }
}

pub(crate) fn of_turn(error: &TurnError) -> Status {
    let sentence = error.to_string();
    match error {
        TurnError::PromptTooLong { .. } | TurnError::EmptyPrompt | TurnError::SessionId { .. } => {
            Status::invalid_argument(sentence)
        }
        TurnError::Busy { .. } => Status::resource_exhausted(sentence),
        TurnError::AtRest | TurnError::Stopped | TurnError::Suspended | TurnError::NothingWaits => {
            Status::failed_precondition(sentence)
        }
        TurnError::Crashed => Status::internal(sentence),
        TurnError::Begin { source, .. } => match source {
            BeginError::Full | BeginError::Branches => Status::resource_exhausted(sentence),
            BeginError::NoPrompt => Status::failed_precondition(sentence),
            BeginError::Store(error) => of_store(error),
        },
        TurnError::Model(error) if error.is_retryable() => Status::unavailable(sentence),
        TurnError::Model(_) => Status::failed_precondition(sentence),
        TurnError::Cancelled => Status::cancelled(sentence),
        TurnError::Stalled(_) => Status::deadline_exceeded(sentence),
        TurnError::Store(error) => of_store(error),
    }
}

pub(crate) fn of_object(error: &ObjectError) -> Status {
    let sentence = error.to_string();
    match error {
        ObjectError::NoSchema
        | ObjectError::NotJson(_)
        | ObjectError::NoType
        | ObjectError::Schema(_) => Status::invalid_argument(sentence),
        ObjectError::Unfit { .. } => Status::failed_precondition(sentence),
        ObjectError::Exhausted(_) => Status::resource_exhausted(sentence),
        ObjectError::Turn(error) => Status::new(of_turn(error).code(), sentence),
        ObjectError::Host(_) => internal(&sentence),
    }
}

/// A failure of the database. Where it lies is for the log.
pub(crate) fn of_store(error: &StoreError) -> Status {
    let told = match error {
        StoreError::Full { .. } => {
            Status::resource_exhausted("the host's disk is full: try again when it has room")
        }
        StoreError::Gone { .. } => Status::unavailable(
            "the host's database was removed or replaced: nothing is stored, and the host ends",
        ),
        StoreError::Broken { .. } => Status::unavailable(
            "the host's database failed: nothing more is stored, and the host ends",
        ),
        StoreError::Damaged { .. } | StoreError::Lost { .. } => {
            Status::data_loss("the host's database is damaged; its log says more")
        }
        StoreError::Version { .. } | StoreError::Failed { .. } => Status::internal(INTERNAL),
    };
    tracing::error!("{error}");
    told
}

/// A failure of anything else that is the host's own.
pub(crate) fn of_host(error: &dyn std::error::Error) -> Status {
    internal(&error.to_string())
}

fn internal(sentence: &str) -> Status {
    tracing::error!("{sentence}");
    Status::internal(INTERNAL)
}
