//! One gRPC connection: HTTP/2 with its bounds, and each request from its token to the last byte of
//! its answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tower::ServiceExt;

use super::answers::KeptPlace;
use super::deadline;
use super::received::{Held, Received};
use crate::edge::budget::{Budget, Taken};
use crate::edge::connections::{Connection, ConnectionPlace, InFlight};
use crate::edge::delivery::Delivery;
use crate::edge::serve;
use crate::edge::socket::Socket;
use crate::token::Token;

/// Time after which a silent client is asked whether it is still there, and the time it may take to
/// answer.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Requests at once on one connection; more wait at the client.
const STREAMS: u32 = 128;

/// Requests at once on the whole host, each until its answer is delivered. Ends of a busy day's
/// work are far below.
const REQUESTS: usize = 1_024;

/// Bytes of one answer between this process and the system's socket (64 KiB): what fills a
/// connection to this machine.
const SEND_BUFFER: usize = 64 << 10;

/// Bytes of requests that the host takes before it reads them, for each connection (1 MiB).
const WINDOW: u32 = 1 << 20;

/// Bytes of requests in memory on the whole host, each until its answer is delivered (128 MiB): ten
/// of the largest.
const REQUEST_BYTES: usize = 128 << 20;

/// Clients at once that watch the health of the host. A watch has no end, and a client has one or
/// none.
const WATCHES: usize = 64;

/// The method of these.
const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// The services behind every door, with what their requests share.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    routes: Routes,
    requests: Budget,
    bytes: Budget,
    watches: Budget,
}

/// A door: the services, and the token that its requests must carry. None is for the unix socket,
/// which lets this user alone connect.
#[derive(Debug)]
pub(crate) struct Door {
    stack: Stack,
    token: Option<Token>,
}

/// KeptPlace by one request until its answer is delivered.
#[derive(Debug)]
struct Places {
    _in_flight: InFlight,
    _request: Taken,
    _watch: Option<Taken>,
    _held: Arc<Held>,
    _answer: Option<KeptPlace>,
}

type Answer = Response<Delivery<Body, Option<Places>>>;

impl Stack {
    /// Serves `routes`.
    pub(crate) fn new(routes: Routes) -> Self {
        let requests = Budget::new(REQUESTS);
        let bytes = Budget::new(REQUEST_BYTES);
        let watches = Budget::new(WATCHES);
        Self {
            routes: routes.prepare(),
            requests,
            bytes,
            watches,
        }
    }

    /// The door to these services for the unix socket.
    pub(crate) fn door(&self) -> Arc<Door> {
        Arc::new(Door {
            stack: self.clone(),
            token: None,
        })
    }

    /// The door to these services for TCP, where requests carry `token`. Its clients take no more
    /// than a share.
    pub(crate) fn tcp_door(&self, token: Token) -> Arc<Door> {
        let Self {
            routes,
            requests,
            bytes,
            watches,
        } = self.clone();
        let stack = Self {
            routes,
            requests: requests.for_tcp(),
            bytes: bytes.for_tcp(),
            watches: watches.for_tcp(),
        };
        Arc::new(Door {
            stack,
            token: Some(token),
        })
    }
}

impl Door {
    /// Serves one connection to its end.
    pub(crate) async fn connection(
        self: Arc<Self>,
        socket: Socket,
        place: ConnectionPlace,
        closing: CancellationToken,
    ) {
        let connection = Arc::clone(place.connection());
        let service = service_fn(move |request| {
            let door = Arc::clone(&self);
            let connection = Arc::clone(&connection);
            async move { Ok::<_, Infallible>(door.answer(request, &connection).await) }
        });
        let served = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE)
            .max_concurrent_streams(STREAMS)
            .max_send_buf_size(SEND_BUFFER)
            .initial_connection_window_size(WINDOW)
            .initial_stream_window_size(WINDOW)
            .serve_connection(TokioIo::new(socket), service);
        serve::connection(served, &place, &closing).await;
    }

    async fn answer(&self, request: Request<Incoming>, connection: &Arc<Connection>) -> Answer {
        if let Some(token) = &self.token {
            let sent = request
                .headers()
                .get(AUTHORIZATION)
                .map(|value| value.as_bytes())
                .unwrap_or_default();
            if !token.is_in(sent) {
                return refuse(Status::unauthenticated(Token::wanted()), connection);
            }
        }
        let in_flight = connection.begin();
        let Some(place) = self.stack.requests.take(1) else {
            let sentence =
                "as many requests are under way as this host takes: try again when one has ended";
            return refuse(Status::resource_exhausted(sentence), connection);
        };
        let watches = request.uri().path() == WATCH;
        let watch = if watches {
            self.stack.watches.take(1)
        } else {
            None
        };
        if watches && watch.is_none() {
            let sentence =
                "as many clients watch the health of this host as it takes: ask with Health/Check";
            return refuse(Status::resource_exhausted(sentence), connection);
        }
        let time = match deadline::of(request.headers()) {
            Ok(time) => time,
            Err(status) => return refuse(status, connection),
        };
        let held = Arc::new(Held::new(self.stack.bytes.clone()));
        let request = request.map(|body| Received::new(body, Arc::clone(&held)));
        let answered = deadline::within(time, self.stack.routes.clone().oneshot(request)).await;
        let mut response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(status) => return refuse(status, connection),
        };
        let kept = response.extensions_mut().remove::<KeptPlace>();
        let places = Places {
            _in_flight: in_flight,
            _request: place,
            _watch: watch,
            _held: held,
            _answer: kept,
        };
        response.map(|body| Delivery::new(body, connection, Some(places)))
    }
}

fn refuse(status: Status, connection: &Connection) -> Answer {
    status
        .into_http::<Body>()
        .map(|body| Delivery::new(body, connection, None))
}
