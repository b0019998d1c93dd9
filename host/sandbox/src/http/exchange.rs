//! One request and its response, over a connection of their own.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use tokio::time::timeout;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::body::{Hold, Outgoing, Response};
use super::errors::of_hyper;
use super::injection::Injection;
use super::limits::{Caps, MAX_HEADER_BYTES, MAX_HEADERS};
use crate::network::{Connect, Connection, Destination, Record, Stream};

/// Lookup, connection and TLS together. A server that takes longer is down; the call's own deadline
/// holds as well.
const CONNECT: Duration = Duration::from_secs(10);

/// From the request to the head of the response: what a guest that sets nothing waits for a slow
/// server.
const FIRST_BYTE: Duration = Duration::from_secs(30);

/// Between two pieces of a body.
const PAUSE: Duration = Duration::from_secs(30);

/// The wait for the first piece of a request's body, after the connection is there. A guest that
/// has nothing to send ends the body in far less; one that writes later sends a stream.
const BODY: Duration = Duration::from_millis(250);

/// An admitted request, and everything it takes to send it.
pub(super) struct Exchange {
    pub(super) request: Request<WasiBody>,
    pub(super) destination: Destination,
    pub(super) network: Arc<dyn Connect>,
    /// Secrets for this host.
    pub(super) injections: Vec<Injection>,
    /// True if nothing is done twice when it is sent twice.
    pub(super) may_repeat: bool,
    pub(super) caps: Caps,
    pub(super) hold: Hold,
}

pub(super) type Sent = wasmtime_wasi_http::Result<(http::Response<WasiBody>, Io)>;
type Io = Box<dyn Future<Output = wasmtime_wasi_http::Result<()>> + Send>;

/// A request that can be sent a second time: it has no body.
struct Repeated {
    request: Request<()>,
}

/// The way to the server of one request.
struct Route<'a> {
    network: &'a dyn Connect,
    destination: &'a Destination,
    /// From the lookup to the connection.
    connect: Duration,
    /// From the request to the head of the response.
    first_byte: Duration,
}

/// A server, and the permission to send secrets to it.
struct Reached {
    stream: Box<dyn Stream>,
    trusted: bool,
}

impl Exchange {
    /// Sends the request and waits for the head of the response. It ends with the call: whoever
    /// drops this future closes the connection.
    pub(super) async fn run(self, options: RequestOptions) -> Sent {
        // A guest may want to wait less, not more.
        let patience =
            |asked: Option<Duration>, most: Duration| asked.map_or(most, |asked| asked.min(most));
        let Self {
            request,
            destination,
            network,
            injections,
            may_repeat,
            caps,
            hold,
        } = self;
        let route = Route {
            network: &*network,
            destination: &destination,
            connect: patience(options.connect_timeout, CONNECT),
            first_byte: patience(options.first_byte_timeout, FIRST_BYTE),
        };
        let Reached { stream, trusted } = route.reach().await?;
        let mut request = in_origin_form(request, &destination)?;
        let record = destination.record.clone();
        // In clear, a secret goes only into a network that the operator has named.
        if trusted {
            for injection in &injections {
                let value = injection.value().await;
                request.headers_mut().insert(&injection.header, value);
            }
        } else if !injections.is_empty() {
            record.refuse(&format!(
                "http {}: no secret is sent without TLS",
                destination.host
            ));
        }
        let mut request =
            request.map(|body| Outgoing::new(body, caps.request_body, record.clone()));
        request.body_mut().begin(BODY).await;
        // Nothing is kept of a body, so that a request with one is sent once.
        let is_empty = request.body().is_empty();
        let repeated = (may_repeat && trusted && is_empty).then(|| Repeated::of(&request));
        if is_empty {
            say_empty(&mut request);
        } else if request.body().is_begun() {
            say_stream(&mut request);
        }
        let mut answered = route.ask(stream, request).await?;
        if answered.0.status() == StatusCode::UNAUTHORIZED
            && let Some(repeated) = repeated
            && let Some(mut request) = repeated.renewed(&injections, record.clone()).await
        {
            let Reached { stream, trusted } = route.reach().await?;
            // A name can lead somewhere else now.
            if trusted {
                say_empty(&mut request);
                answered = route.ask(stream, request).await?;
            }
        }
        let (response, io) = answered;
        if trusted {
            for injection in &injections {
                injection.answered(response.status());
            }
        }
        // The connection would no longer speak HTTP, and nothing would be counted.
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::HttpUpgradeFailed);
        }
        let pause = patience(options.between_bytes_timeout, PAUSE);
        let body =
            |body| Response::new(body, caps.response_body, pause, hold, record).boxed_unsync();
        Ok((response.map(body), io))
    }
}

impl Route<'_> {
    async fn reach(&self) -> Result<Reached, Error> {
        let connecting = self.network.connect(self.destination);
        let Connection { stream, address } = timeout(self.connect, connecting)
            .await
            .map_err(|_| Error::ConnectionTimeout)??;
        let Destination { scheme, policy, .. } = self.destination;
        let trusted = policy.addresses().trusts(*scheme, address);
        Ok(Reached { stream, trusted })
    }

    async fn ask(
        &self,
        stream: Box<dyn Stream>,
        request: Request<Outgoing>,
    ) -> Result<(http::Response<hyper::body::Incoming>, Io), Error> {
        timeout(self.first_byte, send(stream, request))
            .await
            .map_err(|_| Error::ConnectionReadTimeout)?
    }
}

impl Repeated {
    fn of(request: &Request<Outgoing>) -> Self {
        let mut head = Request::new(());
        *head.method_mut() = request.method().clone();
        *head.uri_mut() = request.uri().clone();
        *head.headers_mut() = request.headers().clone();
        Self { request: head }
    }

    /// The request with other values in place of those that were refused; none if there is no
    /// other one.
    async fn renewed(self, injections: &[Injection], record: Record) -> Option<Request<Outgoing>> {
        let Self { mut request } = self;
        let mut is_renewed = false;
        for injection in injections {
            let Some(refused) = request.headers().get(&injection.header) else {
                continue;
            };
            let refused = refused.clone();
            if let Some(value) = injection.another(&refused).await {
                request.headers_mut().insert(&injection.header, value);
                is_renewed = true;
            }
        }
        is_renewed.then(|| request.map(|()| Outgoing::empty(record)))
    }
}

/// The request as it goes out: its URI without the host, and a `host` header that the guest has not
/// written.
fn in_origin_form(
    mut request: Request<WasiBody>,
    destination: &Destination,
) -> Result<Request<WasiBody>, Error> {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", PathAndQuery::as_str);
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    *request.uri_mut() = Uri::try_from(path).map_err(|_| Error::HttpRequestUriInvalid)?;
    let host = match destination.port {
        port if port == destination.scheme.default_port() => destination.host.to_string(),
        port => format!("{}:{port}", destination.host),
    };
    let host = HeaderValue::try_from(host).map_err(|_| Error::HttpRequestUriInvalid)?;
    request.headers_mut().insert(header::HOST, host);
    Ok(request)
}

/// Says that a request has no body, where servers expect one (RFC 9110, section 8.6). Without it,
/// and with `transfer-encoding`, some refuse the request.
fn say_empty(request: &mut Request<Outgoing>) {
    let expects = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    );
    if expects {
        let headers = request.headers_mut();
        let none = HeaderValue::from_static("0");
        headers.entry(header::CONTENT_LENGTH).or_insert(none);
    }
}

/// Says that a body follows whose length nobody has said. For some methods hyper takes a body that
/// is not announced for none.
fn say_stream(request: &mut Request<Outgoing>) {
    let headers = request.headers_mut();
    if !headers.contains_key(header::CONTENT_LENGTH) {
        let chunked = HeaderValue::from_static("chunked");
        headers.insert(header::TRANSFER_ENCODING, chunked);
    }
}

/// Sends over a fresh connection. What comes back with the response keeps the connection going
/// while its body is read.
async fn send(
    stream: Box<dyn Stream>,
    request: Request<Outgoing>,
) -> Result<(http::Response<hyper::body::Incoming>, Io), Error> {
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(MAX_HEADER_BYTES)
        .max_headers(MAX_HEADERS);
    let (mut sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| of_hyper(&error))?;
    let mut connection = Box::pin(connection);
    let mut response = pin!(sender.send_request(request));
    let mut open = true;
    let response = std::future::poll_fn(|cx| {
        if open && let Poll::Ready(ended) = connection.as_mut().poll(cx) {
            open = false;
            // The response may have come with the end of the connection, and then says more.
            return match (response.as_mut().poll(cx), ended) {
                (Poll::Pending, Err(error)) => Poll::Ready(Err(of_hyper(&error))),
                (response, _) => response.map_err(|error| of_hyper(&error)),
            };
        }
        response.as_mut().poll(cx).map_err(|error| of_hyper(&error))
    })
    .await?;
    let io = async move {
        if open {
            connection.await.map_err(|error| of_hyper(&error))?;
        }
        Ok(())
    };
    Ok((response, Box::new(io)))
}
