//! The wire of MCP and of pages: HTTP whose refusals are a status and a sentence.

use std::convert::Infallible;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};

use super::refusal::{Refusal, RefusalKind, Wire};

/// Plain HTTP.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainHttp;

impl Wire for PlainHttp {
    type Body = BoxBody<Bytes, Infallible>;

    fn refuse(refusal: Refusal) -> Response<Self::Body> {
        let Refusal { kind, sentence } = refusal;
        let mut reply = Response::new(Full::new(Bytes::from(sentence + "\n")).boxed());
        *reply.status_mut() = match kind {
            RefusalKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            RefusalKind::Denied => StatusCode::FORBIDDEN,
            RefusalKind::NotFound => StatusCode::NOT_FOUND,
            RefusalKind::Invalid => StatusCode::BAD_REQUEST,
            RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            RefusalKind::Exhausted => StatusCode::SERVICE_UNAVAILABLE,
            RefusalKind::Slow => StatusCode::REQUEST_TIMEOUT,
        };
        if kind == RefusalKind::Unauthenticated {
            let challenge = HeaderValue::from_static("Bearer");
            reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        reply
    }
}
