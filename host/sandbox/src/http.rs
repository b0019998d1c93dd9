//! Outgoing HTTP: the one choke point.
//!
//! Every request of a guest comes through [`Egress`]: counted, held against its grant, and only then resolved, checked
//! address by address, and sent over a connection of its own to the address that was checked. No redirect is followed, no
//! proxy asked, nothing decompressed, no connection used twice.

mod body;
mod exchange;
mod resources;

use std::future::{Future, ready};
use std::sync::Arc;

use cofferdam_capability::{Account, Charge, Grant, Host, NetworkPolicy, Scheme};
use http::{HeaderName, HeaderValue, Request, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions};
use wasmtime_wasi_http::{WasiBody, WasiHttpCtx, WasiHttpHooks};

use crate::network::{Client, Contacts, Record};
use crate::tcp::Sockets;
use exchange::{Destination, Exchange};
pub(crate) use resources::{Holdings, HttpView, add_to_linker};

/// All headers of one request or response together, in bytes (64 KiB). Servers take 8 to 32 KiB.
const MAX_HEADER_BYTES: usize = 64 << 10;

/// Headers of one request or response; hyper's own number.
const MAX_HEADERS: usize = 100;

/// How many bytes one write of a guest hands over at most (64 KiB): what is on its way is memory of the host.
const WRITE_CHUNK: usize = 64 << 10;

/// Memory of one exchange at most, in bytes (512 KiB): what hyper reads ahead, the buffers of TLS, and of the connection.
const EXCHANGE: usize = 512 << 10;

/// Headers beyond those that wasmtime refuses which belong to one connection: `te` and `trailer` (RFC 9110, section
/// 7.6.1). `host` is among wasmtime's; the host writes its own.
const CONNECTION_HEADERS: [HeaderName; 2] = [header::TE, header::TRAILER];

/// A header with a secret in it, for one host. Whoever calls a component hands these over, call by call.
#[derive(Debug, Clone)]
pub struct Injection {
    host: Host,
    header: HeaderName,
    value: HeaderValue,
}

/// What a call may do over HTTP, and what it has done.
pub(crate) struct Egress {
    policy: Arc<NetworkPolicy>,
    injections: Vec<Injection>,
    client: Arc<Client>,
    caps: Caps,
    requests: u64,
    places: Arc<Semaphore>,
    account: Account,
    record: Record,
}

/// The place and the memory of an exchange, held until its response was read or dropped.
struct Hold {
    _place: OwnedSemaphorePermit,
    _memory: Charge,
}

/// The limits that hold for each exchange.
#[derive(Clone, Copy)]
struct Caps {
    requests: u64,
    concurrent: u64,
    request_body: u64,
    response_body: u64,
}

type Sent = wasmtime_wasi_http::Result<(http::Response<WasiBody>, Io)>;
type Io = Box<dyn Future<Output = wasmtime_wasi_http::Result<()>> + Send>;

impl Injection {
    /// `value` is the whole value of the header. `None` when HTTP does not allow such a header.
    pub fn new(host: Host, header: &str, value: &[u8]) -> Option<Self> {
        let mut value = HeaderValue::from_bytes(value).ok()?;
        value.set_sensitive(true);
        Some(Self { host, header: header.parse().ok()?, value })
    }
}

impl Egress {
    pub(crate) fn new(grant: &Grant, client: Arc<Client>, injections: Vec<Injection>, account: Account) -> Self {
        let limits = grant.limits();
        let caps = Caps {
            requests: limits.http_requests.0,
            concurrent: limits.http_concurrent.0,
            request_body: limits.http_request_body.0,
            response_body: limits.http_response.0,
        };
        let places = usize::try_from(caps.concurrent).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS);
        Self {
            policy: Arc::new(grant.network().clone()),
            injections,
            client,
            caps,
            requests: 0,
            places: Arc::new(Semaphore::new(places)),
            account,
            record: Record::default(),
        }
    }

    /// The context of `wasi:http`, with the bound on what a guest's own header lists take of the host.
    pub(crate) fn context() -> WasiHttpCtx {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(MAX_HEADER_BYTES);
        context
    }

    /// Sockets for the same call: by the same resolver, told in the same place.
    pub(crate) fn sockets(&self, grant: &Grant) -> Sockets {
        Sockets::new(grant, Arc::clone(&self.client), self.record.clone())
    }

    /// Hosts contacted and requests refused until now.
    pub(crate) fn contacts(&self) -> Contacts {
        self.record.contacts()
    }

    /// Holds a request against limits and grant. Nothing has been looked up or connected before this.
    fn admit(&mut self, request: Request<WasiBody>) -> Result<Exchange, Error> {
        self.requests = self.requests.saturating_add(1);
        if self.requests > self.caps.requests {
            self.record.beyond("http-requests", self.caps.requests);
            return Err(Error::HttpRequestDenied);
        }
        let (scheme, host, port) = self.destination(&request)?;
        if let Err(refusal) = self.policy.permits(request.method().as_str(), scheme, &host, port, request.uri().path())
        {
            self.record.refuse(&format!("http {} {host}:{port}: {refusal}", request.method()));
            return Err(Error::HttpRequestDenied);
        }
        self.check_headers(&request)?;
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.record.refuse(&format!("http {host}:{port}: {} exchanges are open already", self.caps.concurrent));
            return Err(Error::ConnectionLimitReached);
        };
        let held = self.account.hold("an exchange", EXCHANGE).map_err(|overdrawn| {
            self.record.refuse(&format!("http {host}:{port}: {overdrawn}"));
            Error::HttpRequestDenied
        })?;
        let injections = self.injections.iter().filter(|injection| injection.host == host).cloned().collect();
        let destination = Destination {
            scheme,
            host,
            port,
            policy: Arc::clone(&self.policy),
            client: Arc::clone(&self.client),
            record: self.record.clone(),
        };
        Ok(Exchange { request, destination, injections, caps: self.caps, hold: Hold { _place: place, _memory: held } })
    }

    /// Where the URI leads. The `host` header of the guest does not count, and is replaced.
    fn destination(&self, request: &Request<WasiBody>) -> Result<(Scheme, Host, u16), Error> {
        let uri = request.uri();
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => return Err(Error::HttpRequestUriInvalid),
        };
        let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
        let refuse = |problem: &str| {
            self.record.refuse(&format!("http {:?}: {problem}", authority.as_str()));
            Err(Error::HttpRequestUriInvalid)
        };
        // Readers differ on which side of an `@` the host stands.
        if authority.as_str().contains('@') {
            return refuse("a user in the address of a request");
        }
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => scheme.default_port(),
            Some(_) => match authority.port_u16() {
                Some(port) if port > 0 => port,
                _ => return refuse("this is no port"),
            },
            None => return refuse("this is no host"),
        };
        match authority.host().parse() {
            Ok(host) => Ok((scheme, host, port)),
            Err(problem) => refuse(&problem),
        }
    }

    fn check_headers(&self, request: &Request<WasiBody>) -> Result<(), Error> {
        let headers = request.headers();
        if headers.len() > MAX_HEADERS {
            return Err(Error::HttpRequestHeaderSectionSize(None));
        }
        if let Some(name) = headers.keys().find(|name| **name != header::HOST && is_forbidden(name)) {
            self.record.refuse(&format!("http header {name}: it belongs to the connection, which is the host's"));
            return Err(Error::HttpRequestDenied);
        }
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        match announced {
            Some(length) if length > self.caps.request_body => {
                self.record.refuse(&format!("http request body: more than {} bytes", self.caps.request_body));
                Err(Error::HttpRequestBodySize(Some(length)))
            }
            _ => Ok(()),
        }
    }
}

impl WasiHttpHooks for Egress {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(is_forbidden)
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = wasmtime_wasi_http::Result<()>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        match self.admit(request) {
            Ok(exchange) => Box::new(exchange.run(options.unwrap_or_default())),
            Err(error) => Box::new(ready(Err(error))),
        }
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        WRITE_CHUNK
    }
}

fn is_forbidden(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name) || CONNECTION_HEADERS.contains(name)
}
