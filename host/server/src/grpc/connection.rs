//! One connection: HTTP with its bounds, and each request from its token to the last byte of its
//! answer. gRPC needs HTTP/2; plain HTTP comes in both versions.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use cofferdam_agent::Agents;
use futures_util::future::Either;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tower::{ServiceBuilder, ServiceExt};

use super::authorize::AuthorizeLayer;
use super::deadline::DeadlineLayer;
use super::details::DetailsLayer;
use super::received::Received;
use super::revocable::RevocableLayer;
use super::status::Grpc;
use crate::edge::admit::AdmitLayer;
use crate::edge::authenticate::AuthenticateLayer;
use crate::edge::body_bytes::BodyBytes;
use crate::edge::budget::Budget;
use crate::edge::connections::ConnectionPlace;
use crate::edge::credentials::Identification;
use crate::edge::deliver::DeliverLayer;
use crate::edge::holdings::Holdings;
use crate::edge::methods::{is_plain, of_grpc, of_http};
use crate::edge::plain_http::{PlainHttp, PlainService};
use crate::edge::preface::{HttpVersion, Prefaced};
use crate::edge::serve;
use crate::edge::socket::Socket;
use crate::edge::tls::Tls;
use crate::http::pages::Health;

/// Time after which a silent client is asked whether it is still there, and the time it may take to
/// answer.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// The longest time that a client of HTTP/1.1 may take to send the head of a request.
const HEAD: Duration = Duration::from_secs(10);

/// Requests at once on one connection; more wait at the client.
const STREAMS: u32 = 128;

/// Requests at once on the whole host, each until its answer is delivered: those of all clients
/// that follow the status of an agent (2,048), which wait for most of their time, and a thousand
/// others.
const REQUESTS: usize = 3_072;

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

/// Sentences for clients that ask for what is not there.
const NOT_SERVED: &str = "this host has no such method";
const NOT_PLAIN: &str = "this host has no such method: it speaks gRPC, over HTTP/2; over plain \
                         HTTP it has /healthz, /metrics and POST /v1/tools/execute";

/// Sentences for clients that come when these are taken.
const REQUESTS_FULL: &str =
    "as many requests are under way as this host takes: try again when one has ended";
const WATCHES_FULL: &str =
    "as many clients watch the health of this host as it takes: ask with Health/Check";

/// The services behind every door.
#[derive(Debug, Clone)]
pub(crate) struct Services {
    pub(crate) grpc: Routes,
    pub(crate) plain: PlainService,
    pub(crate) health: Health,
}

/// The services behind every door, with what their requests share.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    agents: Arc<Agents>,
    services: Services,
    requests: Budget,
    bytes: Budget,
    watches: Budget,
}

/// A door: the services, and the way in which it learns who makes a request.
#[derive(Debug)]
pub(crate) struct GrpcDoor {
    stack: Stack,
    identification: Identification,
    /// TLS that connections begin with; none for those in clear.
    tls: Option<Tls>,
}

impl Stack {
    /// Serves these services, about these agents.
    pub(crate) fn new(agents: Arc<Agents>, services: Services) -> Self {
        let requests = Budget::new(REQUESTS);
        let bytes = Budget::new(REQUEST_BYTES);
        let watches = Budget::new(WATCHES);
        Self {
            agents,
            services: Services {
                grpc: services.grpc.prepare(),
                ..services
            },
            requests,
            bytes,
            watches,
        }
    }

    /// The same services for clients over TCP, who take no more than a share together.
    pub(crate) fn for_tcp(&self) -> Self {
        let Self {
            agents,
            services,
            requests,
            bytes,
            watches,
        } = self.clone();
        Self {
            agents,
            services,
            requests: requests.for_tcp(),
            bytes: bytes.for_tcp(),
            watches: watches.for_tcp(),
        }
    }

    /// A door to these services.
    pub(crate) fn door(&self, identification: Identification, tls: Option<Tls>) -> Arc<GrpcDoor> {
        Arc::new(GrpcDoor {
            stack: self.clone(),
            identification,
            tls,
        })
    }
}

impl GrpcDoor {
    /// Serves one connection to its end.
    pub(crate) async fn connection(
        self: Arc<Self>,
        socket: Socket,
        place: ConnectionPlace,
        closing: CancellationToken,
    ) {
        let Some(socket) = self.shaken(socket, &place, &closing).await else {
            return;
        };
        let Some(socket) = prefaced(socket, &place, &closing).await else {
            return;
        };
        let version = socket.version;
        let Stack {
            agents,
            services,
            requests,
            bytes,
            watches,
        } = self.stack.clone();
        let Services {
            grpc,
            plain,
            health,
        } = services;
        let plain_bytes = bytes.clone();
        let plain = ServiceBuilder::new()
            .map_response(|reply: Response<_>| reply.map(Body::new))
            .layer(AuthenticateLayer::<PlainHttp>::new(
                self.identification.clone(),
            ))
            .layer(AuthorizeLayer::<PlainHttp>::new(
                Arc::clone(&agents),
                of_http,
                NOT_PLAIN,
            ))
            .layer(AdmitLayer::<PlainHttp>::new(
                requests.clone(),
                |_| true,
                REQUESTS_FULL,
            ))
            .map_request(move |request| charge(request, plain_bytes.clone()))
            .service(plain);
        let grpc = ServiceBuilder::new()
            .layer(DetailsLayer)
            .layer(AuthenticateLayer::<Grpc>::new(self.identification.clone()))
            .layer(AuthorizeLayer::<Grpc>::new(agents, of_grpc, NOT_SERVED))
            .layer(RevocableLayer)
            .layer(AdmitLayer::<Grpc>::new(requests, |_| true, REQUESTS_FULL))
            .layer(AdmitLayer::<Grpc>::new(watches, is_watch, WATCHES_FULL))
            .layer(DeadlineLayer)
            .map_request(move |request| receive(request, bytes.clone()))
            .service(grpc);
        let by_path = tower::service_fn(move |request: Request<Incoming>| {
            let path = request.uri().path();
            if Health::has(path) {
                let reply = health.answer(&request).map(Body::new);
                Either::Left(ready(Ok(reply)))
            } else if version == HttpVersion::Http1 || is_plain(path) {
                Either::Right(Either::Left(plain.clone().oneshot(request)))
            } else {
                Either::Right(Either::Right(grpc.clone().oneshot(request)))
            }
        });
        let stack = ServiceBuilder::new()
            .layer(DeliverLayer(Arc::clone(place.connection())))
            .service(by_path);
        let service = service_fn(move |request| stack.clone().oneshot(request));
        match version {
            HttpVersion::Http1 => {
                let served = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD)
                    .serve_connection(TokioIo::new(socket), service);
                serve::connection(served, &place, &closing).await;
            }
            HttpVersion::Http2 => {
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
        }
    }

    /// The connection as its bytes are read: over TLS where this door speaks it. None if that did
    /// not come about.
    async fn shaken(
        &self,
        socket: Socket,
        place: &ConnectionPlace,
        closing: &CancellationToken,
    ) -> Option<Socket> {
        let Some(tls) = &self.tls else {
            return Some(socket);
        };
        let stream = match socket {
            Socket::Tcp(stream) => stream,
            other => return Some(other),
        };
        let shaken = tokio::select! {
            shaken = tls.accept(stream) => shaken,
            () = place.connection().asked_to_leave() => return None,
            () = closing.cancelled() => return None,
        };
        match shaken {
            Ok(stream) => Some(Socket::Tls(Box::new(stream))),
            Err(error) => {
                tracing::debug!("a client does not speak TLS as this host does: {error}");
                None
            }
        }
    }
}

/// A connection once its first bytes say which version of HTTP it is. None if they do not come in
/// the time that a connection has for its first request.
async fn prefaced(
    socket: Socket,
    place: &ConnectionPlace,
    closing: &CancellationToken,
) -> Option<Prefaced> {
    let connection = place.connection();
    let prefaced = tokio::select! {
        prefaced = Prefaced::read(socket) => prefaced,
        () = connection.asked_to_leave() => return None,
        () = closing.cancelled() => return None,
        reason = connection.unproven() => {
            tracing::info!("a connection is closed: {reason}");
            return None;
        }
    };
    prefaced
        .inspect_err(|error| tracing::debug!("a connection ended: {error}"))
        .ok()
}

/// Lets a request of plain HTTP charge its body to `bytes`, until its answer is delivered.
fn charge(mut request: Request<Incoming>, bytes: Budget) -> Request<Incoming> {
    let held = Arc::new(BodyBytes::new(bytes));
    Holdings::of(&request).keep(Arc::clone(&held));
    request.extensions_mut().insert(held);
    request
}

/// Charges the body of a request to `bytes` while it comes in, until its answer is delivered.
fn receive(request: Request<Incoming>, bytes: Budget) -> Request<Received> {
    let held = Arc::new(BodyBytes::new(bytes));
    Holdings::of(&request).keep(Arc::clone(&held));
    request.map(|body| Received::new(body, held))
}

fn is_watch(uri: &Uri) -> bool {
    uri.path() == WATCH
}
