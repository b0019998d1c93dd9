//! Hosts and ports that a tool may be connected to over TCP.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::host::{Host, HostPattern};
use super::offer::HostOffer;
use super::port::Port;

/// Ports of one row of a manifest. A service has one or two; a row with hundreds would be a scan.
const MAX_PORTS: usize = 16;

/// The ports of a row: 1 to 16 of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("minItems" = 1, "maxItems" = MAX_PORTS)))]
#[serde(into = "Vec<Port>", try_from = "Vec<Port>")]
pub struct TcpPorts(Vec<Port>);

/// Hosts and the one port of them that an operator offers to a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("pattern" = ":[0-9]+$")))]
#[serde(into = "String", try_from = "String")]
pub struct TcpOffer {
    pattern: HostPattern,
    port: Port,
}

/// One port of some hosts that a tool may be connected to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TcpRule {
    host: HostPattern,
    port: Port,
}

impl TcpPorts {
    /// The ports, as they were written.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.0.iter().map(|port| port.0)
    }

    /// Returns true if each of them is one of `other`.
    pub(crate) fn are_within(&self, other: &Self) -> bool {
        self.0.iter().all(|port| other.0.contains(port))
    }
}

impl TcpRule {
    /// Returns the part that both a row and an offer permit.
    pub(crate) fn meet(host: &HostPattern, ports: &TcpPorts, offer: &TcpOffer) -> Option<Self> {
        let host = host.meet(&offer.pattern)?;
        ports.0.contains(&offer.port).then_some(Self {
            host,
            port: offer.port,
        })
    }

    /// The hosts that it is about.
    pub(crate) fn host(&self) -> &HostPattern {
        &self.host
    }

    /// The one port of them.
    pub(crate) fn ports(&self) -> TcpPorts {
        TcpPorts(vec![self.port])
    }

    /// The part of it that reaches one of these hosts.
    pub(super) fn within(&self, hosts: &HostPattern) -> Option<Self> {
        let host = self.host.meet(hosts)?;
        Some(Self {
            host,
            port: self.port,
        })
    }

    /// The port, if the rule is about this host.
    pub(super) fn port_of(&self, host: &Host) -> Option<u16> {
        self.host.covers(host).then_some(self.port.0)
    }
}

/// `HOST:PORT`, where the host is a pattern: exact, `*.` and a name, or `*`.
impl FromStr for TcpOffer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let offer: HostOffer = text.parse()?;
        match offer.port() {
            Some(port) => Ok(Self {
                pattern: offer.pattern().clone(),
                port,
            }),
            None => Err(format!(
                "{text:?} names no port: expected HOST:PORT, such as db.example.org:5432"
            )),
        }
    }
}

impl fmt::Display for TcpOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.pattern, self.port.0)
    }
}

impl fmt::Display for TcpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} port {}", self.host, self.port.0)
    }
}

impl TryFrom<String> for TcpOffer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TcpOffer> for String {
    fn from(offer: TcpOffer) -> Self {
        offer.to_string()
    }
}

impl TryFrom<Vec<Port>> for TcpPorts {
    type Error = String;

    fn try_from(ports: Vec<Port>) -> Result<Self, String> {
        if ports.is_empty() || ports.len() > MAX_PORTS {
            return Err(format!(
                "`ports` has {} ports: expected 1 to {MAX_PORTS}",
                ports.len()
            ));
        }
        Ok(Self(ports))
    }
}

impl From<TcpPorts> for Vec<Port> {
    fn from(ports: TcpPorts) -> Self {
        ports.0
    }
}
