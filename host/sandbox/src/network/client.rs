//! The network as it is: names are resolved, every address is checked, and TLS trusts the system's
//! store.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cofferdam_capability::{Host, Scheme};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::Error;

use super::connect::{Connect, Connection, Destination, Stream};
use super::own_address::is_own;

/// One question to one nameserver. A lookup asks twice, within the time for the whole connection.
const QUESTION: Duration = Duration::from_secs(3);

/// Times that a nameserver is asked.
const QUESTIONS: usize = 2;

/// Answers that are remembered, for as long as they say; a host of many agents talks to fewer
/// servers.
const REMEMBERED: u64 = 1_024;

/// Addresses of one name that are tried; all of them are checked.
const ATTEMPTS: usize = 4;

/// Resolver and TLS configuration, which all calls share.
pub(crate) struct Client {
    resolver: Option<TokioResolver>,
    /// Made when first needed: reading the system's certificates takes longer than most calls.
    tls: OnceLock<Option<TlsConnector>>,
}

impl Client {
    /// Asks `nameservers`, or those of the system where there are none. A system without
    /// nameservers is no error until a tool asks for a name.
    pub(crate) fn new(nameservers: &[SocketAddr]) -> Self {
        let resolver = resolver(nameservers).inspect_err(|error| {
            tracing::warn!("no nameserver, so tools reach no host by its name: {error}")
        });
        Self {
            resolver: resolver.ok(),
            tls: OnceLock::new(),
        }
    }

    /// TLS 1.2 and 1.3 toward servers whose certificates the system's store vouches for.
    fn tls(&self) -> Result<&TlsConnector, Error> {
        let connector = self.tls.get_or_init(|| {
            tls()
                .inspect_err(|error| tracing::error!("tools cannot use https: {error}"))
                .ok()
        });
        connector.as_ref().ok_or(Error::ConfigurationError)
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that connects for a tool, to a checked address"
    )]
    async fn connect_to(
        &self,
        address: IpAddr,
        destination: &Destination,
    ) -> Result<Box<dyn Stream>, Error> {
        let stream = TcpStream::connect(SocketAddr::new(address, destination.port))
            .await
            .map_err(Error::Connect)?;
        // Whether this worked or not changes the speed alone.
        let _ = stream.set_nodelay(true);
        destination.contacted();
        if destination.scheme == Scheme::Http {
            return Ok(Box::new(stream));
        }
        let name = match &destination.host {
            Host::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|_| Error::HttpRequestUriInvalid)?
            }
            Host::Address(address) => ServerName::from(*address),
        };
        let stream = self.tls()?.connect(name, stream).await;
        Ok(Box::new(stream.map_err(|error| of_tls(&error))?))
    }
}

#[wasmtime_wasi::async_trait]
impl Connect for Client {
    /// Connects to an address of the host that was checked, as all others of its addresses were: a
    /// name with one wrong address is a trick, and which one is tried must not be left to chance.
    async fn connect(&self, destination: &Destination) -> Result<Connection, Error> {
        let Destination {
            host,
            port,
            policy,
            record,
            ..
        } = destination;
        let addresses = self.resolve(host).await?;
        for address in &addresses {
            if let Err(refusal) = policy.addresses().check(*address, is_own) {
                record.refuse(&format!("http {host}:{port}: it resolves to {refusal}"));
                return Err(Error::DestinationIpProhibited);
            }
        }
        let mut last = Error::DestinationNotFound;
        for address in addresses.into_iter().take(ATTEMPTS) {
            match self.connect_to(address, destination).await {
                Ok(stream) => return Ok(Connection { stream, address }),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Returns every address of a host. An address that is written as such is its own.
    async fn resolve(&self, host: &Host) -> Result<Vec<IpAddr>, Error> {
        let name = match host {
            Host::Address(address) => return Ok(vec![*address]),
            Host::Name(name) => name,
        };
        let failed = |rcode: &str| Error::DnsError {
            rcode: Some(rcode.to_owned()),
            info_code: None,
        };
        let resolver = self
            .resolver
            .as_ref()
            .ok_or_else(|| failed("this host has no nameserver"))?;
        // The dot at the end keeps the system's search domains out: they would make another name of
        // it.
        let name = Name::from_ascii(format!("{name}.")).map_err(|_| failed("not a name"))?;
        let found = resolver.lookup_ip(name).await.map_err(|error| {
            tracing::debug!(%host, "lookup: {error}");
            failed("the name does not resolve")
        })?;
        Ok(found.iter().collect())
    }
}

fn resolver(nameservers: &[SocketAddr]) -> Result<TokioResolver, NetError> {
    let mut builder = if nameservers.is_empty() {
        TokioResolver::builder_tokio()?
    } else {
        let servers = nameservers.iter().map(|address| {
            let mut server = NameServerConfig::udp_and_tcp(address.ip());
            for connection in &mut server.connections {
                connection.port = address.port();
            }
            server
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let options = builder.options_mut();
    // A name means what the nameservers say, also where this machine's own list says something
    // else.
    options.use_hosts_file = ResolveHosts::Never;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.timeout = QUESTION;
    options.attempts = QUESTIONS;
    options.cache_size = REMEMBERED;
    builder.build()
}

fn tls() -> Result<TlsConnector, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn of_tls(error: &std::io::Error) -> Error {
    let cause = error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(_)) => Error::TlsCertificateError,
        _ => Error::TlsProtocolError,
    }
}
