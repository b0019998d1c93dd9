//! Answers over HTTP.

use std::convert::Infallible;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use rmcp::model::{ErrorData, ServerJsonRpcMessage};

/// An answer.
pub(super) type Reply = Response<BoxBody<Bytes, Infallible>>;

/// The answer to a body that is no message: an error that belongs to no request.
pub(super) fn json_rpc(error: &ErrorData) -> Reply {
    let message = ServerJsonRpcMessage::error(error.clone(), None);
    let body = serde_json::to_vec(&message).unwrap_or_default();
    let mut reply = Response::new(Full::new(Bytes::from(body)).boxed());
    *reply.status_mut() = StatusCode::BAD_REQUEST;
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}
