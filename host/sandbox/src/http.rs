//! Outgoing HTTP: the one choke point.
//!
//! Every request of a guest comes through [`Egress`]: counted, checked against its grant, and only
//! then resolved, checked address by address, and sent over a connection of its own to the address
//! that was checked. No redirect is followed, no proxy asked, nothing decompressed, no connection
//! used twice.

mod body;
mod errors;
mod exchange;
mod idempotency;
mod injection;
mod limits;
mod resources;

use std::future::{Future, ready};
use std::sync::Arc;

use cofferdam_capability::{Account, Grant, NetworkPolicy, Scheme};
use http::{HeaderName, HeaderValue, Request, header};
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions};
use wasmtime_wasi_http::{WasiBody, WasiHttpCtx, WasiHttpHooks};

use crate::network::{Connect, Destination, Record};
use body::Hold;
use exchange::{Exchange, Sent};
pub(crate) use idempotency::RequestNames;
use idempotency::is_safe;
pub use injection::{HeaderSecret, Injection, Rejected, Renewal, Renewing};
use limits::{Caps, EXCHANGE, MAX_HEADER_BYTES, MAX_HEADERS, WRITE_CHUNK};
pub(crate) use resources::{Holdings, HttpView, add_to_linker};

/// Headers beyond those that wasmtime refuses which belong to one connection: `te` and `trailer`
/// (RFC 9110, section 7.6.1). `host` is among wasmtime's; the host writes its own.
const CONNECTION_HEADERS: [HeaderName; 2] = [header::TE, header::TRAILER];

/// The way out of a call over HTTP, with the requests that it has made.
pub(crate) struct Egress {
    policy: Arc<NetworkPolicy>,
    injections: Vec<Injection>,
    names: RequestNames,
    network: Arc<dyn Connect>,
    caps: Caps,
    requests: u64,
    places: Arc<Semaphore>,
    account: Account,
    record: Record,
}

impl Egress {
    /// Makes the way out that the grant allows. What happens there is noted in `record`, which the
    /// call's sockets share.
    pub(crate) fn new(
        grant: &Grant,
        network: Arc<dyn Connect>,
        injections: Vec<Injection>,
        names: RequestNames,
        account: Account,
        record: Record,
    ) -> Self {
        let caps = Caps::of(grant.limits());
        let places = usize::try_from(caps.concurrent)
            .unwrap_or(Semaphore::MAX_PERMITS)
            .min(Semaphore::MAX_PERMITS);
        Self {
            policy: Arc::new(grant.network().clone()),
            injections,
            names,
            network,
            caps,
            requests: 0,
            places: Arc::new(Semaphore::new(places)),
            account,
            record,
        }
    }

    /// The context of `wasi:http`, with the bound on what a guest's own header lists take of the
    /// host.
    pub(crate) fn context() -> WasiHttpCtx {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(MAX_HEADER_BYTES);
        context
    }

    /// Sends a request of the host itself, which is held to the same rules.
    pub(crate) async fn send(&mut self, request: Request<WasiBody>) -> Sent {
        let exchange = self.admit(request)?;
        exchange.run(RequestOptions::default()).await
    }

    /// Checks a request against limits and grant. Nothing has been looked up or connected before
    /// this.
    fn admit(&mut self, request: Request<WasiBody>) -> Result<Exchange, Error> {
        self.requests = self.requests.saturating_add(1);
        if self.requests > self.caps.requests {
            self.record.beyond("http-requests", self.caps.requests);
            return Err(Error::HttpRequestDenied);
        }
        let destination = self.destination(&request)?;
        let Destination {
            scheme,
            host,
            port,
            policy,
            ..
        } = &destination;
        if let Err(refusal) = policy.permits(
            request.method().as_str(),
            *scheme,
            host,
            *port,
            request.uri().path(),
        ) {
            self.record.refuse(&format!(
                "http {} {host}:{port}: {refusal}",
                request.method()
            ));
            return Err(Error::HttpRequestDenied);
        }
        self.check_headers(&request)?;
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.record.refuse(&format!(
                "http {host}:{port}: {} exchanges are open already",
                self.caps.concurrent
            ));
            return Err(Error::ConnectionLimitReached);
        };
        let held = self
            .account
            .hold("an exchange", EXCHANGE)
            .map_err(|overdrawn| {
                self.record
                    .refuse(&format!("http {host}:{port}: {overdrawn}"));
                Error::HttpRequestDenied
            })?;
        let name = self.name(&request, &destination);
        let Destination { host, .. } = &destination;
        let mut request = request;
        let is_named = name.is_some();
        if let Some((header, name)) = name {
            request.headers_mut().insert(header, name);
        }
        let injections = self
            .injections
            .iter()
            .filter(|injection| injection.host == *host)
            .cloned()
            .collect();
        // A server that is told a name does nothing twice under it.
        let may_repeat = is_named || is_safe(request.method().as_str());
        let network = Arc::clone(&self.network);
        Ok(Exchange {
            request,
            destination,
            network,
            injections,
            may_repeat,
            caps: self.caps,
            hold: Hold::new(place, held),
        })
    }

    /// The header that names a request, and the name, where the manifest wants one.
    fn name(
        &mut self,
        request: &Request<WasiBody>,
        destination: &Destination,
    ) -> Option<(HeaderName, HeaderValue)> {
        let Destination {
            scheme,
            host,
            port,
            policy,
            ..
        } = destination;
        let method = request.method().as_str();
        let uri = request.uri();
        if is_safe(method) {
            return None;
        }
        let header = policy.idempotency_header(method, *scheme, host, *port, uri.path())?;
        let header = header.parse().ok()?;
        Some((header, self.names.next(&format!("{method} {uri}"))?))
    }

    /// Reads the destination from the URI. The `host` header of the guest does not count, and is
    /// replaced.
    fn destination(&self, request: &Request<WasiBody>) -> Result<Destination, Error> {
        let uri = request.uri();
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => return Err(Error::HttpRequestUriInvalid),
        };
        let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
        let refuse = |problem: &str| {
            self.record
                .refuse(&format!("http {:?}: {problem}", authority.as_str()));
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
            Ok(host) => {
                let policy = Arc::clone(&self.policy);
                let record = self.record.clone();
                Ok(Destination {
                    scheme,
                    host,
                    port,
                    policy,
                    record,
                })
            }
            Err(problem) => refuse(&problem),
        }
    }

    fn check_headers(&self, request: &Request<WasiBody>) -> Result<(), Error> {
        let headers = request.headers();
        if headers.len() > MAX_HEADERS {
            return Err(Error::HttpRequestHeaderSectionSize(None));
        }
        if let Some(name) = headers
            .keys()
            .find(|name| **name != header::HOST && is_forbidden(name))
        {
            self.record.refuse(&format!(
                "http header {name}: it belongs to the connection, which is the host's"
            ));
            return Err(Error::HttpRequestDenied);
        }
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        match announced {
            Some(length) if length > self.caps.request_body => {
                self.record.refuse(&format!(
                    "http request body: more than {} bytes",
                    self.caps.request_body
                ));
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

/// Returns true for a header that belongs to the connection, and for a name with `_` that some
/// servers read as one, or as the length of the body (CGI makes the same variable of both).
fn is_forbidden(name: &HeaderName) -> bool {
    let read = name.as_str().replace('_', "-");
    let is_read_as = |header: &HeaderName| header.as_str() == read;
    DEFAULT_FORBIDDEN_HEADERS.iter().any(is_read_as)
        || CONNECTION_HEADERS.iter().any(is_read_as)
        || (header::CONTENT_LENGTH != *name && is_read_as(&header::CONTENT_LENGTH))
}
