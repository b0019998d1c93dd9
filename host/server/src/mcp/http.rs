//! Streamable HTTP on loopback, for clients that do not start their server themselves.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::{ServiceBuilder, ServiceExt};

use super::batch;
use super::message::{self, MAX_MESSAGE, opens_a_session};
use super::reply::{Reply, json_rpc};
use super::server::McpServer;
use super::sessions::Sessions;
use crate::edge::accept::{Listener, accept};
use crate::edge::authenticate::AuthenticateLayer;
use crate::edge::body_bytes::BodyBytes;
use crate::edge::budget::Budget;
use crate::edge::connections::{ConnectionPlace, Connections};
use crate::edge::credentials::{Credentials, Identification};
use crate::edge::deliver::DeliverLayer;
use crate::edge::failures::Failures;
use crate::edge::holdings::Holdings;
use crate::edge::plain_http::PlainHttp;
use crate::edge::read_body::{BodyBounds, read_body};
use crate::edge::refusal::{Refusal, RefusalKind, Wire};
use crate::edge::serve;
use crate::edge::socket::Socket;
use crate::token::Token;

/// The path of the server's URL.
pub const PATH: &str = "/mcp";

/// Sessions at once. One that is silent for five minutes ends (`Sessions`); newer clients need
/// none.
const MAX_SESSIONS: usize = 64;

/// The longest time a client may take to send the head of a request, and its body.
const HEAD: Duration = Duration::from_secs(10);
const BOUNDS: BodyBounds = BodyBounds {
    patience: Duration::from_secs(30),
    bytes: MAX_MESSAGE,
};

/// Bytes of requests in memory over all connections (384 MiB), as text and as the values that it
/// becomes, until their answers are delivered: three of the heaviest messages there may be, and
/// thousands of usual ones.
const HELD: usize = 384 << 20;

/// The times that the library holds the values of a message while it reads them.
const COPIES: usize = 2;

/// State that every connection shares.
struct Shared {
    service: batch::Service,
    sessions: Arc<Sessions>,
    identification: Identification,
    bytes: Budget,
}

/// Serves until `stop` says so.
pub async fn serve(
    door: McpServer,
    address: SocketAddr,
    listener: TcpListener,
    token: Token,
    stop: CancellationToken,
) {
    let sessions = Arc::new(Sessions::default());
    let service = {
        let door = door.clone();
        StreamableHttpService::new(
            move || Ok(door.for_another()),
            Arc::clone(&sessions),
            config(address, &stop),
        )
    };
    let shared = Arc::new(Shared {
        service,
        sessions,
        identification: Identification::Token(
            Arc::new(Credentials::new(Arc::new(token), None)),
            Failures::new(),
        ),
        bytes: Budget::new(HELD),
    });
    let serve = |socket, place| connection(Arc::clone(&shared), socket, place, stop.clone());
    let connections = Connections::new(address.to_string());
    accept(connections, Listener::Tcp(listener), &stop, serve).await;
    door.drained().await;
}

/// A page in a browser reaches loopback too, also under a name of its own: both are told by their
/// headers.
fn config(address: SocketAddr, stop: &CancellationToken) -> StreamableHttpServerConfig {
    let port = address.port();
    let hosts = [
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "[::1]".to_owned(),
    ];
    let origins = hosts.iter().map(|host| format!("http://{host}:{port}"));
    StreamableHttpServerConfig::default()
        .with_allowed_origins(origins)
        .enforce_origin_validation()
        .with_allowed_hosts(hosts.iter().map(|host| format!("{host}:{port}")))
        .with_max_request_body_bytes(MAX_MESSAGE)
        // Clients of older versions take every event for a message; `Sessions` adds those without
        // one for clients that know them.
        .with_sse_retry(None)
        .with_cancellation_token(stop.clone())
}

async fn connection(
    shared: Arc<Shared>,
    socket: Socket,
    place: ConnectionPlace,
    stop: CancellationToken,
) {
    let stack = ServiceBuilder::new()
        .layer(DeliverLayer(Arc::clone(place.connection())))
        .layer(AuthenticateLayer::<PlainHttp>::new(
            shared.identification.clone(),
        ))
        .service(tower::service_fn(move |request| {
            answer(Arc::clone(&shared), request)
        }));
    let service = service_fn(move |request| stack.clone().oneshot(request));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(socket), service);
    serve::connection(served, &place, &stop).await;
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Reply, Infallible> {
    let reply = shared.reply(request).await;
    Ok(reply.unwrap_or_else(PlainHttp::refuse))
}

impl Shared {
    /// Answers a request. What it takes in memory is kept until the answer is delivered.
    async fn reply(&self, request: Request<Incoming>) -> Result<Reply, Refusal> {
        if request.uri().path() != PATH {
            let sentence = format!("the server is at {PATH}");
            return Err(Refusal::new(RefusalKind::NotFound, sentence));
        }
        let held = Arc::new(BodyBytes::new(self.bytes.clone()));
        Holdings::of(&request).keep(Arc::clone(&held));
        let hold = |bytes| {
            let full = |sentence| Refusal::new(RefusalKind::Exhausted, sentence);
            held.take(bytes).map_err(full)
        };
        let new =
            request.method() == Method::POST && !request.headers().contains_key("mcp-session-id");
        let (mut head, body) = request.into_parts();
        accept_all(&mut head.headers);
        let body = read_body(body, BOUNDS, hold).await?;
        let weight = message::weight(&body);
        let weight =
            weight.ok_or_else(|| Refusal::new(RefusalKind::TooLarge, message::too_heavy()))?;
        hold(weight.saturating_mul(COPIES))?;
        if new && opens_a_session(&body) && self.sessions.count().await >= MAX_SESSIONS {
            let sentence = format!(
                "there are {MAX_SESSIONS} sessions already: end one, or try again in five minutes"
            );
            return Err(Refusal::new(RefusalKind::Exhausted, sentence));
        }
        let is_json = is_json_body(&head.headers);
        let body = match message::without_odd_params(&body).filter(|_| is_json) {
            Some(request) => request.into(),
            None => body,
        };
        match message::batch(&body).filter(|_| is_json) {
            Some(Ok(messages)) => Ok(batch::answer(&self.service, &head, messages).await),
            Some(Err(error)) => Ok(json_rpc(&error)),
            None => {
                let request = Request::from_parts(head, Full::new(body.clone()));
                let reply = self.service.handle(request).await;
                // The library names the wrong reason: the type is right, and the body is not.
                if is_json && reply.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
                    let error = if message::is_json(&body) {
                        message::no_message()
                    } else {
                        message::not_json()
                    };
                    return Ok(json_rpc(&error));
                }
                Ok(reply)
            }
        }
    }
}

/// Writes out the types of answers for a client that takes every type, which it says with `*/*` or
/// by saying nothing: the library looks for their names.
fn accept_all(headers: &mut HeaderMap) {
    let any = |value: &HeaderValue| {
        let ranges = value.as_bytes().split(|byte| *byte == b',');
        ranges
            .map(<[u8]>::trim_ascii)
            .any(|range| range.starts_with(b"*/*"))
    };
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() || values.any(any) {
        let both = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(ACCEPT, both);
    }
}

/// Returns true if a body is said to be JSON.
fn is_json_body(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let essence = kind.and_then(|kind| kind.split(|byte| *byte == b';').next());
    essence.is_some_and(|essence| {
        essence
            .trim_ascii()
            .eq_ignore_ascii_case(b"application/json")
    })
}
