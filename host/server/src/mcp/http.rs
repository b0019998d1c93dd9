//! Streamable HTTP on loopback, for clients that do not start their server themselves.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::door::Door;
use super::message::{self, MAX_MESSAGE};
use crate::error::Failure;
use crate::token::Token;

/// Where clients find the server.
pub(crate) const PATH: &str = "/mcp";

/// Connections at once; more wait to be accepted. A client keeps a few open: one for each call that runs, and one for news.
const MAX_CONNECTIONS: usize = 128;

/// Sessions at once. One that is silent for five minutes ends (`LocalSessionManager`); newer clients need none.
const MAX_SESSIONS: usize = 64;

/// How long a client may take to send the head of a request, and how long its body.
const HEAD: Duration = Duration::from_secs(10);
const BODY: Duration = Duration::from_secs(30);

/// How long to wait when no connection can be accepted, because descriptors have run out.
const AGAIN: Duration = Duration::from_millis(100);

type Reply = Response<BoxBody<Bytes, Infallible>>;

/// What every connection shares.
struct Shared {
    service: StreamableHttpService<Door, LocalSessionManager>,
    sessions: Arc<LocalSessionManager>,
    token: Token,
}

/// Serves until `stop` says so.
pub(crate) async fn serve(
    door: Door,
    listener: TcpListener,
    token: Token,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let address = listener.local_addr().map_err(Failure::work)?;
    let sessions = Arc::new(LocalSessionManager::default());
    let service = {
        let door = door.clone();
        StreamableHttpService::new(move || Ok(door.for_another()), Arc::clone(&sessions), config(address, &stop))
    };
    let shared = Arc::new(Shared { service, sessions, token });
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let (shared, stop) = (Arc::clone(&shared), stop.clone());
                tokio::spawn(async move {
                    let _place = place;
                    connection(shared, stream, stop).await;
                });
            }
            Err(error) => {
                tracing::error!("cannot accept a connection: {error}");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
    door.drained().await;
    Ok(())
}

/// A page in a browser reaches loopback too, also under a name of its own: both are told by their headers.
fn config(address: SocketAddr, stop: &CancellationToken) -> StreamableHttpServerConfig {
    let port = address.port();
    let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()];
    let origins = hosts.iter().map(|host| format!("http://{host}:{port}"));
    StreamableHttpServerConfig::default()
        .with_allowed_origins(origins)
        .enforce_origin_validation()
        .with_allowed_hosts(hosts.iter().map(|host| format!("{host}:{port}")))
        .with_max_request_body_bytes(MAX_MESSAGE)
        .with_cancellation_token(stop.clone())
}

async fn connection(shared: Arc<Shared>, stream: TcpStream, stop: CancellationToken) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(shared.reply(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!("a connection ended: {error}");
            }
        }
        () = stop.cancelled() => {}
    }
}

impl Shared {
    async fn reply(&self, request: Request<Incoming>) -> Reply {
        let sent = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        if !self.token.is_in(sent) {
            let mut reply = refuse(
                StatusCode::UNAUTHORIZED,
                format!("send `Authorization: Bearer TOKEN` with the token in {}", self.token.origin()),
            );
            reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return reply;
        }
        if request.uri().path() != PATH {
            return refuse(StatusCode::NOT_FOUND, format!("the server is at {PATH}"));
        }
        let new = request.method() == Method::POST && !request.headers().contains_key("mcp-session-id");
        let (head, body) = request.into_parts();
        let body = match tokio::time::timeout(BODY, Limited::new(body, MAX_MESSAGE).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let sentence = format!("a message has at most {MAX_MESSAGE} bytes");
                return refuse(StatusCode::PAYLOAD_TOO_LARGE, sentence);
            }
            Ok(Err(error)) => return refuse(StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}")),
            Err(_) => {
                return refuse(StatusCode::REQUEST_TIMEOUT, format!("the body took longer than {} s", BODY.as_secs()));
            }
        };
        if !message::may_be_parsed(&body) {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, message::too_heavy());
        }
        if new && opens_a_session(&body) && self.sessions.sessions.read().await.len() >= MAX_SESSIONS {
            let sentence = format!("there are {MAX_SESSIONS} sessions already: end one, or try again in five minutes");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, sentence);
        }
        self.service.handle(Request::from_parts(head, Full::new(body))).await
    }
}

/// Whether a message is `initialize`.
fn opens_a_session(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Message {
        method: String,
    }
    serde_json::from_slice::<Message>(body).is_ok_and(|message| message.method == "initialize")
}

fn refuse(status: StatusCode, sentence: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(sentence + "\n")).boxed());
    *reply.status_mut() = status;
    reply
}
