//! The layer that gives every error its `google.rpc` details: an `ErrorInfo` with a reason that
//! programs read, and a `RetryInfo` where another attempt may help.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Map;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use hyper::{HeaderMap, Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tower::{Layer, Service};

/// The domain of every reason.
const DOMAIN: &str = "cofferdam";

/// The key of the names of the agents, in the details of an error that none of them was named.
const AGENTS: &str = "agents";

/// The time after which another attempt may help: what is full or ending changes within seconds.
const RETRY: Duration = Duration::from_secs(1);

/// Completes the errors of answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DetailsLayer;

/// See [`DetailsLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Details<S>(S);

/// An error with this reason.
pub(super) fn with_reason(code: Code, reason: &str, sentence: String) -> Status {
    Status::with_error_details(code, sentence, details(code, reason))
}

/// An error that no agent was named where there are several, with their names.
pub(super) fn agent_not_named(known: &str, sentence: String) -> Status {
    let names = HashMap::from([(AGENTS.to_owned(), known.to_owned())]);
    let code = Code::InvalidArgument;
    let details = ErrorDetails::with_error_info(reason(code), DOMAIN, names);
    Status::with_error_details(code, sentence, details)
}

/// The names of the agents in such an error.
pub(crate) fn agents_to_name(status: &Status) -> Option<String> {
    let info = status.get_details_error_info()?;
    let names = info.metadata.get(AGENTS);
    let names = names.filter(|_| info.domain == DOMAIN)?;
    Some(names.clone()).filter(|names| !names.is_empty())
}

fn details(code: Code, reason: &str) -> ErrorDetails {
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    if matches!(code, Code::ResourceExhausted | Code::Unavailable) {
        details.set_retry_info(Some(RETRY));
    }
    details
}

/// The reason of an error that has no other: the name of its code, as the specification of gRPC
/// spells it.
fn reason(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Completes the status in headers or trailers, if it is an error without details.
fn complete(headers: &mut HeaderMap) {
    let Some(status) = Status::from_header_map(headers) else {
        return;
    };
    let code = status.code();
    if code == Code::Ok || !status.details().is_empty() {
        return;
    }
    let completed = with_reason(code, reason(code), status.message().to_owned());
    // Without them it is the same error.
    let _ = completed.add_header(headers);
}

impl<S> Layer<S> for DetailsLayer {
    type Service = Details<S>;

    fn layer(&self, inner: S) -> Details<S> {
        Details(inner)
    }
}

type Answered = Result<Response<Body>, Infallible>;

impl<S, B> Service<Request<B>> for Details<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Map<S::Future, fn(Answered) -> Answered>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0.call(request).map(|answered| {
            answered.map(|mut response| {
                complete(response.headers_mut());
                response.map(|body| Body::new(Completed(body)))
            })
        })
    }
}

/// The body of an answer, whose trailers are completed.
struct Completed(Body);

impl HttpBody for Completed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.0).poll_frame(cx).map(|frame| {
            frame.map(|frame| {
                frame.map(|mut frame| {
                    if let Some(trailers) = frame.trailers_mut() {
                        complete(trailers);
                    }
                    frame
                })
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
