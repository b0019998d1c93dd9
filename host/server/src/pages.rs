//! Pages for programs that watch a host, over HTTP/1.1 and HTTP/2: `/healthz` and `/metrics`.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use tokio_util::sync::CancellationToken;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::edge::admit::AdmitLayer;
use crate::edge::authenticate::AuthenticateLayer;
use crate::edge::budget::Budget;
use crate::edge::credentials::Identification;
use crate::edge::holdings::Holdings;
use crate::edge::methods::of_page;
use crate::edge::plain_http::PlainHttp;
use crate::edge::principal::{Principal, Reach};
use crate::edge::refusal::{Refusal, RefusalKind, Wire};
use crate::telemetry::metrics::{CONTENT_TYPE as METRICS_TYPE, Metrics};

/// The paths of the pages.
const HEALTH: &str = "/healthz";
const METRICS: &str = "/metrics";

/// The sentence for a client that comes when too many requests are under way.
const FULL: &str = "as many requests are under way as this host takes: try again later";

type Reply = Response<BoxBody<Bytes, Infallible>>;

/// The pages of a host.
#[derive(Debug, Clone)]
pub(crate) struct Pages {
    /// None for a host that shows no metrics.
    metrics: Option<Arc<Metrics>>,
    /// Cancelled when the host takes no new turns.
    ending: CancellationToken,
}

impl Pages {
    /// The pages of a host, which is healthy until `ending` says otherwise.
    pub(crate) fn new(metrics: Option<Metrics>, ending: CancellationToken) -> Self {
        Self {
            metrics: metrics.map(Arc::new),
            ending,
        }
    }

    /// Returns true for the address of a page.
    pub(crate) fn has(uri: &Uri) -> bool {
        [HEALTH, METRICS].contains(&uri.path())
    }

    /// Answers a request over HTTP/1.1, or for a page. Everything but the health of the host is for
    /// those who may know it.
    pub(crate) async fn answer(
        self,
        request: Request<Incoming>,
        identification: Identification,
        requests: Budget,
    ) -> Result<Reply, Infallible> {
        if request.uri().path() == HEALTH && is_read(request.method()) {
            return Ok(self.health(request.version()));
        }
        ServiceBuilder::new()
            .layer(AuthenticateLayer::<PlainHttp>::new(identification))
            .layer(AdmitLayer::<PlainHttp>::new(requests, |_| true, FULL))
            .service(service_fn(|request| ready(Ok(self.page(&request)))))
            .oneshot(request)
            .await
    }

    /// Tells everybody if the host takes turns.
    fn health(&self, version: Version) -> Reply {
        let mut reply = if self.ending.is_cancelled() {
            text(StatusCode::SERVICE_UNAVAILABLE, "the host is ending\n")
        } else {
            text(StatusCode::OK, "ok\n")
        };
        // Nobody has shown a token, so the connection would not stay.
        if version == Version::HTTP_11 {
            let close = HeaderValue::from_static("close");
            reply.headers_mut().insert(CONNECTION, close);
        }
        reply
    }

    fn page<B>(&self, request: &Request<B>) -> Reply {
        if !Self::has(request.uri()) {
            let sentence =
                "this host speaks gRPC, over HTTP/2; its pages are /healthz and /metrics";
            return refused(RefusalKind::NotFound, sentence);
        }
        if !is_read(request.method()) {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            let mut reply = text(status, "this page is read with GET\n");
            let methods = HeaderValue::from_static("GET, HEAD");
            reply.headers_mut().insert(ALLOW, methods);
            return reply;
        }
        match permit(request) {
            Ok(()) => self.metrics(),
            Err(refusal) => PlainHttp::refuse(refusal),
        }
    }

    fn metrics(&self) -> Reply {
        let Some(metrics) = &self.metrics else {
            return refused(RefusalKind::NotFound, "this host has no metrics");
        };
        let Ok(written) = metrics.text() else {
            return text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the metrics cannot be written\n",
            );
        };
        let mut reply = text(StatusCode::OK, written);
        let kind = HeaderValue::from_static(METRICS_TYPE);
        reply.headers_mut().insert(CONTENT_TYPE, kind);
        reply
    }
}

fn is_read(method: &Method) -> bool {
    [Method::GET, Method::HEAD].contains(method)
}

/// Permits a request for a page by the table.
fn permit<B>(request: &Request<B>) -> Result<(), Refusal> {
    let denied = |sentence: &str| Refusal::new(RefusalKind::Denied, sentence);
    let rule = of_page(request.uri().path());
    let rule = rule.ok_or_else(|| denied("this page is for nobody"))?;
    let principal = request.extensions().get::<Principal>();
    let principal = principal.ok_or_else(|| denied("nobody makes this request"))?;
    if principal.reach(rule)? != Reach::Every {
        let sentence = format!("{} is about the whole host", rule.method);
        return Err(denied(&sentence));
    }
    if let Some(life) = principal.life() {
        let place = life.requests.take(1);
        let full = || Refusal::new(RefusalKind::Exhausted, FULL);
        Holdings::of(request).keep(place.ok_or_else(full)?);
    }
    Ok(())
}

fn refused(kind: RefusalKind, sentence: &str) -> Reply {
    PlainHttp::refuse(Refusal::new(kind, sentence))
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()).boxed());
    *reply.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    reply
}
