//! Batches over HTTP: clients of 2025-03-26 may send several messages in one body.
//!
//! Each is answered as if it had come alone, and the events of all answers become one stream, as
//! they come.

use std::convert::Infallible;
use std::future::ready;
use std::pin::Pin;

use futures_util::{Stream, StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::header::CONTENT_TYPE;
use hyper::http::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use rmcp::model::{ErrorData, ServerJsonRpcMessage};
use rmcp::transport::StreamableHttpService;

use super::message::{self, opens_a_session};
use super::reply::Reply;
use super::server::McpServer;
use super::sessions::Sessions;

/// The events of one answer. Each frame holds whole events.
type Events = Pin<Box<dyn Stream<Item = Frame<Bytes>> + Send + Sync>>;

/// The service that answers one message.
pub(super) type Service = StreamableHttpService<McpServer, Sessions>;

/// Answers every message of a batch. One that cannot be answered at all, such as one of an unknown
/// session, is the answer to the whole batch.
pub(super) async fn answer(service: &Service, head: &Parts, messages: Vec<Vec<u8>>) -> Reply {
    let mut events: Vec<Events> = Vec::new();
    for message in messages {
        if opens_a_session(&message) {
            events.push(error_event(&ErrorData::invalid_request(
                "`initialize` is not taken in a batch: send it alone",
                None,
            )));
            continue;
        }
        let request = Request::from_parts(head.clone(), Full::new(Bytes::from(message)));
        let reply = service.handle(request).await;
        match reply.status() {
            StatusCode::ACCEPTED => {}
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                events.push(error_event(&message::no_message()));
            }
            StatusCode::OK => {
                let frames = reply.into_body().into_data_stream();
                let frames = frames.filter_map(|data| ready(data.ok().map(Frame::data)));
                events.push(Box::pin(frames));
            }
            _ => return reply,
        }
    }
    if events.is_empty() {
        let mut reply = Response::new(Full::new(Bytes::new()).boxed());
        *reply.status_mut() = StatusCode::ACCEPTED;
        return reply;
    }
    let all = stream::select_all(events).map(Ok::<_, Infallible>);
    let mut reply = Response::new(BodyExt::boxed(StreamBody::new(all)));
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    reply
}

/// One event with an error that belongs to no request.
fn error_event(error: &ErrorData) -> Events {
    let message = ServerJsonRpcMessage::error(error.clone(), None);
    let text = serde_json::to_string(&message).unwrap_or_default();
    let event = Frame::data(Bytes::from(format!("data: {text}\n\n")));
    Box::pin(stream::iter([event]))
}
