//! What all calls share: how names are resolved, and whom TLS trusts.

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
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::Error;

/// One question to one nameserver. A lookup asks twice, within the time for the whole connection.
const QUESTION: Duration = Duration::from_secs(3);

/// How often a nameserver is asked.
const QUESTIONS: usize = 2;

/// Answers that are remembered, for as long as they say; a host of many agents talks to fewer servers.
const REMEMBERED: u64 = 1_024;

/// Resolver and TLS configuration.
pub(crate) struct Client {
    resolver: Option<TokioResolver>,
    /// Made when first needed: reading the system's certificates takes longer than most calls.
    tls: OnceLock<Option<TlsConnector>>,
    stand_ins: Option<Vec<StandIn>>,
}

/// Where requests to one host go instead of there, without TLS.
pub(crate) type StandIn = (Scheme, Host, SocketAddr);

impl Client {
    /// Asks `nameservers`, or those of the system where there are none. A system without nameservers is no error until a
    /// tool asks for a name. With `stand_ins`, nobody else is connected to.
    pub(crate) fn new(nameservers: &[SocketAddr], stand_ins: Option<Vec<StandIn>>) -> Self {
        let resolver = resolver(nameservers)
            .inspect_err(|error| tracing::warn!("no nameserver, so tools reach no host by its name: {error}"));
        Self { resolver: resolver.ok(), tls: OnceLock::new(), stand_ins }
    }

    /// Who answers instead of a host, when the network is not used at all; the error when nobody does.
    pub(crate) fn stand_in(&self, scheme: Scheme, host: &Host) -> Option<Result<SocketAddr, Error>> {
        let stand_ins = self.stand_ins.as_ref()?;
        let found = stand_ins.iter().find(|(of, name, _)| (*of, name) == (scheme, host));
        let nobody = || Error::DnsError { rcode: Some("no such name here".to_owned()), info_code: None };
        Some(found.map(|(_, _, address)| *address).ok_or_else(nobody))
    }

    /// Every address of a host. An address that is written as such is its own.
    pub(crate) async fn resolve(&self, host: &Host) -> Result<Vec<IpAddr>, Error> {
        let name = match host {
            Host::Address(address) => return Ok(vec![*address]),
            Host::Name(name) => name,
        };
        let failed = |rcode: &str| Error::DnsError { rcode: Some(rcode.to_owned()), info_code: None };
        let resolver = self.resolver.as_ref().ok_or_else(|| failed("this host has no nameserver"))?;
        // The dot at the end keeps the system's search domains out: they would make another name of it.
        let name = Name::from_ascii(format!("{name}.")).map_err(|_| failed("not a name"))?;
        let found = resolver.lookup_ip(name).await.map_err(|error| {
            tracing::debug!(%host, "lookup: {error}");
            failed("the name does not resolve")
        })?;
        Ok(found.iter().collect())
    }

    /// TLS 1.2 and 1.3 toward servers whose certificates the system's store vouches for.
    pub(crate) fn tls(&self) -> Result<&TlsConnector, Error> {
        let connector =
            self.tls.get_or_init(|| tls().inspect_err(|error| tracing::error!("tools cannot use https: {error}")).ok());
        connector.as_ref().ok_or(Error::ConfigurationError)
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
    // A name means what the nameservers say, also where this machine's own list says something else.
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
