//! The wire of plain HTTP beside gRPC.

use std::convert::Infallible;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::{Request, Response};
use tonic::body::Body;
use tower::util::BoxCloneSyncService;

use super::refusal::{Refusal, RefusalKind, Wire};

/// The services of plain HTTP.
pub(crate) type PlainService = BoxCloneSyncService<Request<Incoming>, Response<Body>, Infallible>;

/// Plain HTTP: a refusal is a status, and a sentence as text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainHttp;

impl Wire for PlainHttp {
    type Body = Body;

    fn refuse(refusal: Refusal) -> Response<Body> {
        let Refusal { kind, sentence } = refusal;
        let body = http_body_util::Full::from(sentence + "\n");
        let mut reply = Response::new(Body::new(body));
        *reply.status_mut() = kind.status();
        if kind == RefusalKind::Unauthenticated {
            let challenge = HeaderValue::from_static("Bearer");
            reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        reply
    }
}
