//! Servers that stand in for those of the network, for tests of tools.

use std::net::{IpAddr, SocketAddr};

use cofferdam_capability::{Host, Scheme};
use tokio::net::TcpStream;
use wasmtime_wasi_http::Error;

use super::connect::{Connect, Connection, Destination};

/// A server that answers the requests to one host, without TLS whatever their scheme.
#[derive(Debug, Clone)]
pub struct StandIn {
    /// Scheme of the requests that it answers.
    pub scheme: Scheme,
    /// Host that it answers for.
    pub host: Host,
    /// Its own address.
    pub address: SocketAddr,
}

impl From<(Scheme, Host, SocketAddr)> for StandIn {
    fn from(server: (Scheme, Host, SocketAddr)) -> Self {
        Self {
            scheme: server.0,
            host: server.1,
            address: server.2,
        }
    }
}

/// All hosts that exist. No other is connected to, and no name is looked up.
pub(crate) struct StandIns(Vec<StandIn>);

impl StandIns {
    pub(crate) fn new(servers: Vec<StandIn>) -> Self {
        Self(servers)
    }
}

#[wasmtime_wasi::async_trait]
impl Connect for StandIns {
    #[allow(
        clippy::disallowed_methods,
        reason = "an address that the host itself was started with"
    )]
    async fn connect(&self, destination: &Destination) -> Result<Connection, Error> {
        let Destination { scheme, host, .. } = destination;
        let found = self
            .0
            .iter()
            .find(|server| server.scheme == *scheme && server.host == *host);
        let address = found.ok_or_else(no_such_name)?.address;
        let stream = TcpStream::connect(address).await.map_err(Error::Connect)?;
        destination.contacted();
        Ok(Connection {
            stream: Box::new(stream),
            address: address.ip(),
        })
    }

    /// Refuses every name: only web servers stand in, and they need no lookup.
    async fn resolve(&self, _: &Host) -> Result<Vec<IpAddr>, Error> {
        Err(no_such_name())
    }
}

fn no_such_name() -> Error {
    Error::DnsError {
        rcode: Some("no such name here".to_owned()),
        info_code: None,
    }
}
