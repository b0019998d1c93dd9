//! Hosts that an operator offers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::host::HostPattern;
use super::port::Port;

/// Hosts that an operator offers to a tool: a pattern, and one port if not all that its manifest
/// declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(into = "String", try_from = "String")]
pub struct HostOffer {
    pattern: HostPattern,
    port: Option<Port>,
}

impl HostOffer {
    /// Hosts, and the one port of them that is offered; every port that is declared when there is
    /// none.
    pub fn new(pattern: HostPattern, port: Option<Port>) -> Self {
        Self { pattern, port }
    }

    pub(crate) fn pattern(&self) -> &HostPattern {
        &self.pattern
    }

    pub(crate) fn port(&self) -> Option<Port> {
        self.port
    }
}

/// `HOST` or `HOST:PORT`, where the host is a pattern: exact, `*.` and a name, or `*`.
impl FromStr for HostOffer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(['/', '@']) {
            return Err(format!(
                "{text:?} is not a host: expected a name alone, without scheme, user or path, \
                 such as api.example.org or api.example.org:8443"
            ));
        }
        // An address in brackets holds colons of its own.
        let (pattern, port) = match text.rsplit_once(':') {
            Some((pattern, port)) if !text.ends_with(']') => (pattern, Some(port)),
            _ => (text, None),
        };
        let port = port.map(|port| match port.parse::<u16>() {
            Ok(number) => Port::try_from(number),
            Err(_) => Err(format!("`{port}` is not a port: expected 1 to 65535")),
        });
        Ok(Self {
            pattern: pattern.parse()?,
            port: port.transpose()?,
        })
    }
}

impl fmt::Display for HostOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{}", self.pattern, port.0),
            None => write!(f, "{}", self.pattern),
        }
    }
}

impl TryFrom<String> for HostOffer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<HostOffer> for String {
    fn from(offer: HostOffer) -> Self {
        offer.to_string()
    }
}
