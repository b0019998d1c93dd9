//! Failures of a client's requests.

use tonic::Status;

use crate::grpc::details::agents_to_name;

/// A request that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket.
    #[error("no host answers")]
    Unreached,
    /// The request is wrong, says the host.
    #[error("{0}")]
    Invalid(String),
    /// It names no agent, and there are several, which these are.
    #[error("which agent? Name it with `--agent NAME`, or as AGENT where the command has one: {0}")]
    AgentNotNamed(String),
    /// The host refuses it.
    #[error("{0}")]
    Denied(String),
    /// It failed.
    #[error("{0}")]
    Failed(String),
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        if let Some(sentence) = unanswered(&status) {
            return Self::Failed(sentence.to_owned());
        }
        if let Some(agents) = agents_to_name(&status) {
            return Self::AgentNotNamed(agents);
        }
        let sentence = status.message().to_owned();
        match status.code() {
            tonic::Code::PermissionDenied => Self::Denied(sentence),
            // A name that nothing goes by is a mistake in the request.
            tonic::Code::InvalidArgument | tonic::Code::NotFound => Self::Invalid(sentence),
            _ => Self::Failed(sentence),
        }
    }
}

/// The sentence for a status that the host did not send: this process made it, because no answer
/// came.
fn unanswered(status: &Status) -> Option<&'static str> {
    const SILENT: &str = "the host does not answer: its process is stopped, is far too busy, or \
                          has as many clients as it takes, all of them with requests under way; \
                          look at it and its log";
    let first = std::error::Error::source(status)?;
    let mut sources = std::iter::successors(Some(first), |error| error.source());
    let silent = sources.any(|error| {
        let timed_out = error
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_timeout);
        timed_out || error.is::<tonic::TimeoutExpired>()
    });
    if silent {
        return Some(SILENT);
    }
    matches!(
        status.code(),
        tonic::Code::Unavailable | tonic::Code::Unknown | tonic::Code::Internal
    )
    .then_some(
        "the host closed the connection before it had answered: it has ended, or was too slow to \
         be read",
    )
}
