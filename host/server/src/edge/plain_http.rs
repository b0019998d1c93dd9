//! The wire of MCP and of plain HTTP beside gRPC: HTTP whose refusals are a status and a sentence.

use std::convert::Infallible;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::{Request, Response};
use tower::util::BoxCloneSyncService;

use super::refusal::{Refusal, RefusalKind, Wire};

/// An answer over plain HTTP.
pub(crate) type PlainReply = Response<BoxBody<Bytes, Infallible>>;

/// The services of plain HTTP.
pub(crate) type PlainService = BoxCloneSyncService<Request<Incoming>, PlainReply, Infallible>;

/// Plain HTTP.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainHttp;

impl Wire for PlainHttp {
    type Body = BoxBody<Bytes, Infallible>;

    fn refuse(refusal: Refusal) -> PlainReply {
        let Refusal { kind, sentence } = refusal;
        let mut reply = Response::new(Full::new(Bytes::from(sentence + "\n")).boxed());
        *reply.status_mut() = kind.status();
        if kind == RefusalKind::Unauthenticated {
            let challenge = HeaderValue::from_static("Bearer");
            reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        reply
    }
}
