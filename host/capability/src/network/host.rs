//! Hosts, as URIs and manifests name them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name in DNS, and the longest label of one, in bytes (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// One host: a name in lower case, or an address in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("maxLength" = MAX_NAME)))]
#[serde(into = "String", try_from = "String")]
pub enum Host {
    /// A name, which the host resolves.
    Name(String),
    /// An address, written as such.
    Address(IpAddr),
}

/// One host, every host below a name (`*.example.org`, not `example.org` itself), or every host
/// (`*`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("maxLength" = MAX_NAME + 2)))]
#[serde(into = "String", try_from = "String")]
pub struct HostPattern(Pattern);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Exact(Host),
    Below(String),
    Any,
}

impl HostPattern {
    /// `*`: every host. In a manifest it leaves the hosts to the operator, and grants none by
    /// itself.
    pub const ANY: Self = Self(Pattern::Any);

    /// The pattern of one host.
    pub(crate) fn exactly(host: Host) -> Self {
        Self(Pattern::Exact(host))
    }

    /// Returns true for `*`.
    pub fn is_any(&self) -> bool {
        self.0 == Pattern::Any
    }

    /// Returns true if `host` is one of these.
    pub fn covers(&self, host: &Host) -> bool {
        match (&self.0, host) {
            (Pattern::Any, _) => true,
            (Pattern::Exact(exact), host) => exact == host,
            (Pattern::Below(name), Host::Name(host)) => is_below(host, name),
            (Pattern::Below(_), Host::Address(_)) => false,
        }
    }

    /// Returns true if `other` covers every host that this covers.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Pattern::Exact(host), _) => other.covers(host),
            (_, Pattern::Any) => true,
            (Pattern::Below(inner), Pattern::Below(outer)) => {
                inner == outer || is_below(inner, outer)
            }
            _ => false,
        }
    }

    /// The hosts that both cover: always one of the two, because names form a tree.
    pub(crate) fn meet(&self, other: &Self) -> Option<Self> {
        if self.is_within(other) {
            return Some(self.clone());
        }
        other.is_within(self).then(|| other.clone())
    }
}

fn is_below(host: &str, name: &str) -> bool {
    host.strip_suffix(name)
        .is_some_and(|rest| rest.ends_with('.'))
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |problem: &str| Err(format!("{text:?} is not a host: {problem}"));
        if let Some(address) = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
        {
            return match address.parse::<Ipv6Addr>() {
                Ok(address) => Ok(Self::Address(address.into())),
                Err(_) => wrong("expected an IPv6 address between the brackets"),
            };
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        if text.contains("://") || text.contains(['/', ':', '@', '?', '#']) {
            return wrong("expected a name alone, without scheme, user, port or path");
        }
        if !text.is_ascii() {
            return wrong("write a name beyond ASCII in its `xn--` form");
        }
        let name = text.to_ascii_lowercase();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let label = |label: &str| {
            let whole = !label.is_empty() && label.len() <= MAX_LABEL && label.bytes().all(plain);
            whole && !label.starts_with('-') && !label.ends_with('-')
        };
        if name.len() > MAX_NAME || !name.split('.').all(label) {
            return wrong(
                "expected labels of letters, digits, `-` and `_`, with one dot between them",
            );
        }
        // `127.1`, `0x7f000001` and `2130706433` are addresses to some readers and names to others.
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") {
            return wrong(
                "a name does not end in a number, and an IPv4 address has four decimal numbers",
            );
        }
        Ok(Self::Name(name))
    }
}

impl FromStr for HostPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::ANY);
        }
        let pattern = match text.strip_prefix("*.") {
            Some(name) => match name.parse()? {
                Host::Name(name) => Pattern::Below(name),
                Host::Address(_) => {
                    return Err(format!(
                        "{text:?} is not a host: nothing lies below an address"
                    ));
                }
            },
            None => Pattern::Exact(text.parse()?),
        };
        Ok(Self(pattern))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Pattern::Exact(host) => host.fmt(f),
            Pattern::Below(name) => write!(f, "*.{name}"),
            Pattern::Any => f.write_str("*"),
        }
    }
}

impl TryFrom<String> for Host {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|problem| format!("`host`: {problem}"))
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.to_string()
    }
}

impl TryFrom<String> for HostPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|problem| format!("`host`: {problem}"))
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}
