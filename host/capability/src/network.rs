//! The requests a tool may send: rules about host, port, method and path, and about the addresses
//! behind a name.
//!
//! Nothing here speaks to a network. `sandbox/http.rs` and `sandbox/tcp/` ask [`NetworkPolicy`]
//! before a name is looked up, and [`AddressPolicy`] before a connection is made.

mod address;
mod host;
mod offer;
mod path;
mod port;
mod refusal;
mod scheme;
mod tcp;

use std::collections::BTreeSet;
use std::fmt;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use address::AddressPolicy;
pub use host::{Host, HostPattern};
pub use offer::HostOffer;
pub use path::PathPrefix;
pub use port::Port;
pub use refusal::Refusal;
pub use scheme::Scheme;
pub use tcp::{TcpOffer, TcpPorts, TcpRule};

/// Methods that no rule permits. `CONNECT` makes a tunnel of the connection, through which nothing
/// would be checked any more; `TRACE` asks the server to send back the headers that the host
/// injected.
const NEVER: [&str; 2] = ["CONNECT", "TRACE"];

/// The longest name of a method; the registry of HTTP methods has none above 17 bytes.
const MAX_METHOD: usize = 32;

/// A method as HTTP writes it, such as `GET`: a token in upper case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend(
    "pattern" = "^[A-Z0-9_-]+$",
    "maxLength" = MAX_METHOD,
    "not" = serde_json::json!({ "enum": NEVER }),
)))]
#[serde(into = "String", try_from = "String")]
pub struct Method(String);

/// The most of the network this host gives to any tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkCeiling {
    /// Hosts that tools may be granted. The default is every host: what is granted is the
    /// operator's decision per tool.
    pub hosts: Vec<HostPattern>,
    /// Addresses that tools may reach although they are not public, such as `127.0.0.1/32`. The
    /// default is none.
    pub addresses: Vec<IpNet>,
}

/// One row of what a tool may request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HttpRule {
    host: HostPattern,
    /// True if the manifest left the hosts to the operator (`*`). If it names no ports, it leaves
    /// them as well.
    open: bool,
    /// Every method but [`NEVER`] when empty.
    methods: Vec<Method>,
    /// The port of the scheme when empty.
    ports: Vec<Port>,
    /// The one port that was offered, if the offer named one.
    offered: Option<Port>,
    /// Every path when empty.
    paths: Vec<PathPrefix>,
    /// The header in which the host names the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_header: Option<String>,
}

/// Everything a tool may request or be connected to. The default permits nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NetworkPolicy {
    rules: Vec<HttpRule>,
    tcp: Vec<TcpRule>,
    addresses: AddressPolicy,
}

/// The stage that a request reached before a rule refused it. The row where it came farthest is the
/// one that was meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stage {
    Host,
    Method,
    Port,
    Path,
}

impl HttpRule {
    /// A rule as a manifest asks for it.
    pub(crate) fn new(
        host: HostPattern,
        methods: Vec<Method>,
        ports: Vec<Port>,
        paths: Vec<PathPrefix>,
    ) -> Self {
        let open = host.is_any();
        Self {
            host,
            open,
            methods,
            ports,
            offered: None,
            paths,
            idempotency_header: None,
        }
    }

    /// The same rule, under which requests that may change something have this header.
    pub(crate) fn with_idempotency_header(self, header: Option<String>) -> Self {
        Self {
            idempotency_header: header,
            ..self
        }
    }

    /// Returns the rule that permits what both this rule and a pattern permit: a ceiling or an
    /// offer.
    pub(crate) fn meet(&self, pattern: &HostPattern, port: Option<Port>) -> Option<Self> {
        let host = self.host.meet(pattern)?;
        let reachable = |port: Port| match self.ports.as_slice() {
            [] if self.open => true,
            [] => [Scheme::Http, Scheme::Https]
                .iter()
                .any(|scheme| scheme.default_port() == port.0),
            ports => ports.contains(&port),
        };
        if port.is_some_and(|port| !reachable(port)) {
            return None;
        }
        Some(Self {
            host,
            offered: port,
            ..self.clone()
        })
    }

    /// Returns true if this rule permits nothing that `other` does not permit, whatever ceilings
    /// and offers narrow both.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let methods = other.methods.is_empty()
            || (!self.methods.is_empty()
                && self
                    .methods
                    .iter()
                    .all(|method| other.methods.contains(method)));
        let covered = |path: &PathPrefix| other.paths.iter().any(|other| path.is_within(other));
        let paths =
            other.paths.is_empty() || (!self.paths.is_empty() && self.paths.iter().all(covered));
        self.host.is_within(&other.host) && self.has_ports_of(other) && methods && paths
    }

    fn has_ports_of(&self, other: &Self) -> bool {
        let usual = || [Scheme::Http, Scheme::Https].map(|scheme| Port(scheme.default_port()));
        match (self.ports.as_slice(), other.ports.as_slice()) {
            ([], []) => true,
            // Those of an open row are the operator's choice, which may be any.
            ([], ports) => !self.open && usual().iter().all(|port| ports.contains(port)),
            // A port that is named holds for both schemes, and for an offer that names none.
            (_, []) => false,
            (inner, ports) => inner.iter().all(|port| ports.contains(port)),
        }
    }

    /// The ports of its requests, for both schemes: the one that was offered, or those of the row.
    /// Empty for the port of the scheme.
    pub(crate) fn ports(&self) -> &[Port] {
        self.offered
            .as_ref()
            .map_or(self.ports.as_slice(), std::slice::from_ref)
    }

    /// The paths of its requests; empty for every one.
    pub(crate) fn paths(&self) -> &[PathPrefix] {
        &self.paths
    }

    /// The hosts it is about.
    pub fn host(&self) -> &HostPattern {
        &self.host
    }

    /// The methods of its requests; empty for every one that is permitted at all.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Returns true if it leaves the hosts to the operator, and the ports too unless it names any.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    pub(crate) fn covers(
        &self,
        method: &str,
        scheme: Scheme,
        host: &Host,
        port: u16,
        path: &str,
    ) -> bool {
        self.host.covers(host) && self.permits(method, scheme, port, path).is_ok()
    }

    /// The error also says how far the request came.
    fn permits(
        &self,
        method: &str,
        scheme: Scheme,
        port: u16,
        path: &str,
    ) -> Result<(), (Stage, Refusal)> {
        let refuse = |stage, problem: String| Err((stage, Refusal(problem)));
        if NEVER.contains(&method) {
            return refuse(
                Stage::Method,
                format!("method {method} is permitted to no tool"),
            );
        }
        if !self.methods.is_empty() && !self.methods.iter().any(|permitted| permitted.0 == method) {
            return refuse(Stage::Method, format!("method {method} is not granted"));
        }
        let by_rule = match self.ports.as_slice() {
            [] => port == scheme.default_port() || (self.open && self.offered.is_some()),
            ports => ports.contains(&Port(port)),
        };
        if !by_rule || self.offered.is_some_and(|offered| offered.0 != port) {
            return refuse(Stage::Port, format!("port {port} is not granted"));
        }
        if self.paths.is_empty() {
            return Ok(());
        }
        path::covered(&self.paths, path).map_err(|refusal| (Stage::Path, refusal))
    }
}

impl NetworkPolicy {
    pub(crate) fn new(rules: Vec<HttpRule>, tcp: Vec<TcpRule>, addresses: AddressPolicy) -> Self {
        Self {
            rules,
            tcp,
            addresses,
        }
    }

    /// The part of it that reaches these hosts alone.
    pub(crate) fn within(&self, hosts: &[HostPattern]) -> Self {
        let met = |rule: &HttpRule| {
            let own = rule.clone();
            let part = move |host: &HostPattern| {
                own.host.meet(host).map(|host| HttpRule {
                    host,
                    ..own.clone()
                })
            };
            hosts.iter().filter_map(part).collect::<Vec<_>>()
        };
        Self {
            rules: self.rules.iter().flat_map(met).collect(),
            tcp: self
                .tcp
                .iter()
                .flat_map(|rule| hosts.iter().filter_map(|host| rule.within(host)))
                .collect(),
            addresses: self.addresses.clone(),
        }
    }

    /// Succeeds if a request may be sent. `path` is that of the URI, without the query.
    ///
    /// # Errors
    ///
    /// Why not, for the row that comes closest.
    pub fn permits(
        &self,
        method: &str,
        scheme: Scheme,
        host: &Host,
        port: u16,
        path: &str,
    ) -> Result<(), Refusal> {
        let mut closest = (Stage::Host, Refusal("the host is not granted".to_owned()));
        for rule in self.rules.iter().filter(|rule| rule.host.covers(host)) {
            match rule.permits(method, scheme, port, path) {
                Ok(()) => return Ok(()),
                Err(refused) if refused.0 > closest.0 => closest = refused,
                Err(_) => {}
            }
        }
        Err(closest.1)
    }

    /// Returns true if some request to this host may be sent.
    pub fn reaches(&self, host: &Host) -> bool {
        self.rules.iter().any(|rule| rule.host.covers(host))
    }

    /// Returns true if some TCP connection is permitted.
    pub fn has_tcp(&self) -> bool {
        !self.tcp.is_empty()
    }

    /// The ports of this host that it may be connected to over TCP; none for a host that is not
    /// granted.
    pub fn tcp_ports(&self, host: &Host) -> BTreeSet<u16> {
        self.tcp
            .iter()
            .filter_map(|rule| rule.port_of(host))
            .collect()
    }

    /// The hosts and ports that it may be connected to over TCP.
    pub fn tcp_rules(&self) -> &[TcpRule] {
        &self.tcp
    }

    /// Returns true if some requests may be sent to every host: a manifest left the hosts open, and
    /// the operator too.
    pub fn reaches_every_host(&self) -> bool {
        self.rules.iter().any(|rule| rule.host.is_any())
    }

    /// The policy for the addresses behind a name.
    pub fn addresses(&self) -> &AddressPolicy {
        &self.addresses
    }

    /// The rules, in the order of the manifest.
    pub fn rules(&self) -> &[HttpRule] {
        &self.rules
    }

    /// The header in which the host names the call in this request, if a rule that permits it has
    /// one. `path` is that of the URI, without the query.
    pub fn idempotency_header(
        &self,
        method: &str,
        scheme: Scheme,
        host: &Host,
        port: u16,
        path: &str,
    ) -> Option<&str> {
        let mut rules = self
            .rules
            .iter()
            .filter(|rule| rule.covers(method, scheme, host, port, path));
        rules.find_map(|rule| rule.idempotency_header.as_deref())
    }
}

/// Host, methods, ports and paths, as far as the rule names them.
impl fmt::Display for HttpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.is_any() {
            f.write_str("every public host")?
        } else {
            write!(f, "{}", self.host)?
        }
        if self.methods.is_empty() {
            f.write_str(" any method")?;
        }
        self.methods
            .iter()
            .try_for_each(|method| write!(f, " {method}"))?;
        let ports = self.ports();
        if !ports.is_empty() {
            f.write_str(" port")?;
        }
        ports.iter().try_for_each(|port| write!(f, " {}", port.0))?;
        self.paths
            .iter()
            .try_for_each(|path| write!(f, " {}", String::from(path.clone())))
    }
}

impl Default for NetworkCeiling {
    fn default() -> Self {
        Self {
            hosts: vec![HostPattern::ANY],
            addresses: Vec::new(),
        }
    }
}

impl TryFrom<String> for Method {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let token =
            |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if text.is_empty() || text.len() > MAX_METHOD || !text.bytes().all(token) {
            return Err(format!(
                "`methods` holds {text:?}: expected a method in upper case, such as GET"
            ));
        }
        if NEVER.contains(&text.as_str()) {
            return Err(format!(
                "`methods` holds {text:?}, which is permitted to no tool: remove it"
            ));
        }
        Ok(Self(text))
    }
}

impl From<Method> for String {
    fn from(method: Method) -> Self {
        method.0
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
