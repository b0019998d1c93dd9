//! The choice of the servers that tools reach.

use std::net::SocketAddr;
use std::sync::Arc;

use super::client::Client;
use super::connect::Connect;
use super::stand_in::{StandIn, StandIns};

/// The servers that the tools of an engine reach, each as far as its grant goes.
#[derive(Debug, Clone)]
pub enum Reach {
    /// Those of the network.
    Network {
        /// Nameservers that are asked for the addresses of names; those of the system when empty.
        nameservers: Vec<SocketAddr>,
    },
    /// These alone, for tests of tools.
    StandIns(Vec<StandIn>),
}

impl Reach {
    /// Makes what connects to these servers.
    pub(crate) fn into_connect(self) -> Arc<dyn Connect> {
        match self {
            Self::Network { nameservers } => Arc::new(Client::new(&nameservers)),
            Self::StandIns(servers) => Arc::new(StandIns::new(servers)),
        }
    }
}
