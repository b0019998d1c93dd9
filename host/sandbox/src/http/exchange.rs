//! One request and its response, over a connection of their own.

use std::error::Error as _;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use cofferdam_capability::{Host, NetworkPolicy, Scheme};
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::Hold;
use super::body::{Outgoing, Response};
use super::{Caps, Injection, Io, MAX_HEADER_BYTES, MAX_HEADERS, Sent};
use crate::network::{Client, Record, is_own};

/// Lookup, connection and TLS together. A server that takes longer is down; the call's own deadline holds as well.
const CONNECT: Duration = Duration::from_secs(10);

/// From the request to the head of the response: what a guest that sets nothing waits for a slow server.
const FIRST_BYTE: Duration = Duration::from_secs(30);

/// Between two pieces of a body.
const PAUSE: Duration = Duration::from_secs(30);

/// Addresses of one name that are tried; all of them are checked.
const ATTEMPTS: usize = 4;

/// An admitted request, and everything it takes to send it.
pub(super) struct Exchange {
    pub(super) request: Request<WasiBody>,
    pub(super) destination: Destination,
    /// Secrets for this host.
    pub(super) injections: Vec<Injection>,
    pub(super) caps: Caps,
    pub(super) hold: Hold,
}

/// Where a request goes, and how to get there.
pub(super) struct Destination {
    pub(super) scheme: Scheme,
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) policy: Arc<NetworkPolicy>,
    pub(super) client: Arc<Client>,
    pub(super) record: Record,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Exchange {
    /// Sends the request and waits for the head of the response. It ends with the call: whoever drops this future closes
    /// the connection.
    pub(super) async fn run(self, options: RequestOptions) -> Sent {
        // A guest may want to wait less, not more.
        let patience = |asked: Option<Duration>, most: Duration| asked.map_or(most, |asked| asked.min(most));
        let (stream, address) = timeout(patience(options.connect_timeout, CONNECT), self.destination.connect())
            .await
            .map_err(|_| Error::ConnectionTimeout)??;
        let Self { request, destination, injections, caps, hold } = self;
        let trusted = destination.policy.addresses().trusts(destination.scheme, address);
        let mut request = destination.in_origin_form(request)?;
        let record = destination.record;
        // In clear, a secret goes only into a network that the operator has named.
        if trusted {
            for Injection { header, value, .. } in injections {
                request.headers_mut().insert(header, value);
            }
        } else if !injections.is_empty() {
            record.refuse(&format!("http {}: no secret is sent without TLS", destination.host));
        }
        let request = request.map(|body| Outgoing::new(body, caps.request_body, record.clone()));
        let (response, io) = timeout(patience(options.first_byte_timeout, FIRST_BYTE), send(stream, request))
            .await
            .map_err(|_| Error::ConnectionReadTimeout)??;
        // The connection would no longer speak HTTP, and nothing would be counted.
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::HttpUpgradeFailed);
        }
        let pause = patience(options.between_bytes_timeout, PAUSE);
        let body = |body| Response::new(body, caps.response_body, pause, hold, record).boxed_unsync();
        Ok((response.map(body), io))
    }
}

impl Destination {
    /// Connects to an address of the host that was checked, as all others of its addresses were: a name with one wrong
    /// address is a trick, and which one is tried must not be left to chance.
    async fn connect(&self) -> Result<(Box<dyn Stream>, IpAddr), Error> {
        if let Some(stand_in) = self.client.stand_in(self.scheme, &self.host) {
            return self.connect_to_stand_in(stand_in?).await;
        }
        let addresses = self.client.resolve(&self.host).await?;
        for address in &addresses {
            if let Err(refusal) = self.policy.addresses().check(*address, is_own) {
                self.record.refuse(&format!("http {}:{}: it resolves to {refusal}", self.host, self.port));
                return Err(Error::DestinationIpProhibited);
            }
        }
        let mut last = Error::DestinationNotFound;
        for address in addresses.into_iter().take(ATTEMPTS) {
            match self.connect_to(address).await {
                Ok(stream) => return Ok((stream, address)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    #[allow(clippy::disallowed_methods, reason = "an address that the host itself was started with")]
    async fn connect_to_stand_in(&self, address: SocketAddr) -> Result<(Box<dyn Stream>, IpAddr), Error> {
        let stream = TcpStream::connect(address).await.map_err(Error::Connect)?;
        self.record.contact(format!("{}:{}", self.host, self.port));
        Ok((Box::new(stream), address.ip()))
    }

    #[allow(clippy::disallowed_methods, reason = "the one place that connects for a tool, to a checked address")]
    async fn connect_to(&self, address: IpAddr) -> Result<Box<dyn Stream>, Error> {
        let stream = TcpStream::connect(SocketAddr::new(address, self.port)).await.map_err(Error::Connect)?;
        // Whether this worked or not changes the speed alone.
        let _ = stream.set_nodelay(true);
        self.record.contact(format!("{}:{}", self.host, self.port));
        if self.scheme == Scheme::Http {
            return Ok(Box::new(stream));
        }
        let name = match &self.host {
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| Error::HttpRequestUriInvalid)?,
            Host::Address(address) => ServerName::from(*address),
        };
        let stream = self.client.tls()?.connect(name, stream).await;
        Ok(Box::new(stream.map_err(|error| of_tls(&error))?))
    }

    /// The request as it goes out: its URI without the host, and a `host` header that the guest has not written.
    fn in_origin_form(&self, mut request: Request<WasiBody>) -> Result<Request<WasiBody>, Error> {
        let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        *request.uri_mut() = Uri::try_from(path).map_err(|_| Error::HttpRequestUriInvalid)?;
        let host = match self.port {
            port if port == self.scheme.default_port() => self.host.to_string(),
            port => format!("{}:{port}", self.host),
        };
        let host = HeaderValue::try_from(host).map_err(|_| Error::HttpRequestUriInvalid)?;
        request.headers_mut().insert(header::HOST, host);
        Ok(request)
    }
}

/// Sends over a fresh connection. What comes back with the response keeps the connection going while its body is read.
async fn send(
    stream: Box<dyn Stream>,
    request: Request<Outgoing>,
) -> Result<(http::Response<hyper::body::Incoming>, Io), Error> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEADER_BYTES).max_headers(MAX_HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|error| of_hyper(&error))?;
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

/// What a guest is told of a failure of the protocol. An error of our own comes back as itself.
pub(super) fn of_hyper(error: &hyper::Error) -> Error {
    if let Some(Error::HttpRequestBodySize(size)) = error.source().and_then(|source| source.downcast_ref()) {
        return Error::HttpRequestBodySize(*size);
    }
    if error.is_parse_too_large() {
        return Error::HttpResponseHeaderSectionSize(u32::try_from(MAX_HEADER_BYTES).ok());
    }
    if error.is_incomplete_message() {
        return Error::HttpResponseIncomplete;
    }
    if error.is_closed() || error.is_canceled() || error.is_body_write_aborted() {
        return Error::ConnectionTerminated;
    }
    Error::HttpProtocolError
}

fn of_tls(error: &std::io::Error) -> Error {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(_)) => Error::TlsCertificateError,
        _ => Error::TlsProtocolError,
    }
}
