//! Pages for programs that watch a host: `/healthz` and `/metrics`.

use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio_util::sync::CancellationToken;

use crate::edge::plain_http::PlainReply;
use crate::telemetry::metrics::{CONTENT_TYPE as METRICS_TYPE, Metrics};

/// The paths of the pages.
const HEALTH: &str = "/healthz";
pub(super) const METRICS: &str = "/metrics";

/// The health of a host, which everybody may know.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    /// Cancelled when the host takes no new turns.
    ending: CancellationToken,
}

impl Health {
    /// The health of a host until `ending` says otherwise.
    pub(crate) fn new(ending: CancellationToken) -> Self {
        Self { ending }
    }

    /// Returns true for the path of the page.
    pub(crate) fn has(path: &str) -> bool {
        path == HEALTH
    }

    /// Tells everybody if the host takes turns.
    pub(crate) fn answer<B>(&self, request: &Request<B>) -> PlainReply {
        let mut reply = match unread(request.method()) {
            Some(refused) => refused,
            None if self.ending.is_cancelled() => {
                text(StatusCode::SERVICE_UNAVAILABLE, "the host is ending\n")
            }
            None => text(StatusCode::OK, "ok\n"),
        };
        // Nobody has shown a token, so the connection would not stay.
        if request.version() == Version::HTTP_11 {
            let close = HeaderValue::from_static("close");
            reply.headers_mut().insert(CONNECTION, close);
        }
        reply
    }
}

/// The metrics of a host, for those who may know them.
pub(super) fn metrics(metrics: &Arc<Metrics>, method: &Method) -> PlainReply {
    if let Some(refused) = unread(method) {
        return refused;
    }
    let Ok(written) = metrics.text() else {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        return text(status, "the metrics cannot be written\n");
    };
    let mut reply = text(StatusCode::OK, written);
    let kind = HeaderValue::from_static(METRICS_TYPE);
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    reply
}

/// The answer to a request that does not read a page.
fn unread(method: &Method) -> Option<PlainReply> {
    if [Method::GET, Method::HEAD].contains(method) {
        return None;
    }
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut reply = text(status, "this page is read with GET\n");
    let methods = HeaderValue::from_static("GET, HEAD");
    reply.headers_mut().insert(ALLOW, methods);
    Some(reply)
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> PlainReply {
    let mut reply = Response::new(Full::new(body.into()).boxed());
    *reply.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    reply
}
