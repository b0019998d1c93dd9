//! Refusals of the edge, before a request reaches its service.

use hyper::{Response, StatusCode};

/// A request that is not served, and the sentence for its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: RefusalKind,
    pub(crate) sentence: String,
}

/// The kind of a refusal. Each wire has a code for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    /// No token, or a wrong one.
    Unauthenticated,
    /// The token is not for this.
    Denied,
    /// Nothing is served under this name.
    NotFound,
    /// The request is malformed.
    Invalid,
    /// The request is larger than any that is served.
    TooLarge,
    /// The host has no room now.
    Exhausted,
    /// The client was too slow.
    Slow,
}

impl RefusalKind {
    /// The status of plain HTTP for it.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Exhausted => StatusCode::SERVICE_UNAVAILABLE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

/// The wire of a door: how it tells a refusal.
pub(crate) trait Wire {
    /// The body of its answers.
    type Body;

    /// The answer that refuses a request.
    fn refuse(refusal: Refusal) -> Response<Self::Body>;
}

impl Refusal {
    /// A refusal of this kind.
    pub(crate) fn new(kind: RefusalKind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
        }
    }
}
