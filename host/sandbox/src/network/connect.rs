//! The way to a server that a grant has passed.

use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_capability::{Host, NetworkPolicy, Scheme};
use tokio::io::{AsyncRead, AsyncWrite};
use wasmtime_wasi_http::Error;

use super::record::Record;

/// Bytes in both directions, in clear or under TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The server of one request, with the rules for its addresses and the record of the call.
pub(crate) struct Destination {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) policy: Arc<NetworkPolicy>,
    pub(crate) record: Record,
}

/// An open connection to a server.
pub(crate) struct Connection {
    pub(crate) stream: Box<dyn Stream>,
    /// The address it leads to.
    pub(crate) address: IpAddr,
}

/// Reaches servers: those of the network, or the ones that stand in for them. Chosen once, when the
/// engine is made.
#[wasmtime_wasi::async_trait]
pub(crate) trait Connect: Send + Sync {
    /// Connects to the server of a request, under TLS where its scheme asks for it, and notes the
    /// contact.
    async fn connect(&self, destination: &Destination) -> Result<Connection, Error>;

    /// Returns every address of a host. None of them has been checked yet.
    async fn resolve(&self, host: &Host) -> Result<Vec<IpAddr>, Error>;
}

impl Destination {
    /// Notes for the receipt that a connection was made.
    pub(super) fn contacted(&self) {
        self.record.contact(format!("{}:{}", self.host, self.port));
    }
}
