//! The requests, connections and secrets that calls used.

use crate::auth::SecretUse;
use crate::manifest::Manifest;
use crate::network::{Host, HostPattern, HttpRule, Port, TcpPorts};
use crate::rows::{HttpRow, SecretRow, TcpRow};
use crate::secret::SecretName;
use crate::used::{Contact, Used};

/// Hosts that take the place of a pattern: more are no service any more, but a crawl, and its
/// pattern says more than a list of them.
const MAX_HOSTS: usize = 16;

/// The part of the network that stays.
pub(super) struct Kept {
    /// Hosts and ports that were reached, and those that tokens of used secrets come from; none if
    /// they are not known.
    contacts: Option<Vec<Contact>>,
    secrets: Vec<SecretName>,
}

impl Kept {
    /// Decides which secrets and hosts of a manifest were used. A secret goes into requests to its
    /// one host, so it was not used if there were none.
    pub(super) fn of(manifest: &Manifest, used: &Used) -> Self {
        let Some(contacts) = &used.contacts else {
            return Self {
                contacts: None,
                secrets: manifest.secret.iter().map(|row| row.name.clone()).collect(),
            };
        };
        let mut contacts: Vec<Contact> = contacts.keys().cloned().collect();
        let rules: Vec<HttpRule> = manifest.http.iter().map(HttpRow::rule).collect();
        let requested = |row: &&SecretRow| {
            contacts.iter().any(|contact| {
                contact.host == row.host && rules.iter().any(|rule| may_reach(rule, contact))
            })
        };
        let kept: Vec<&SecretRow> = manifest.secret.iter().filter(requested).collect();
        let tokens: Vec<_> = kept.iter().filter_map(|row| token_server(row)).collect();
        let secrets = kept.into_iter().map(|row| row.name.clone()).collect();
        // The host itself asks there, and no receipt tells it.
        contacts.extend(tokens);
        Self {
            contacts: Some(contacts),
            secrets,
        }
    }

    pub(super) fn has_secret(&self, name: &SecretName) -> bool {
        self.secrets.contains(name)
    }

    /// The rows of requests that were used, with the hosts and ports that were.
    pub(super) fn requests(&self, rows: &[HttpRow]) -> Vec<HttpRow> {
        let Some(contacts) = &self.contacts else {
            return rows.to_vec();
        };
        let mut kept: Vec<HttpRow> = Vec::new();
        for row in rows.iter().flat_map(|row| used_part(row, contacts)) {
            if !kept.iter().any(|other| other.asks_the_same(&row)) {
                kept.push(row);
            }
        }
        kept
    }

    /// The rows of connections that were used, with the hosts and ports that were.
    pub(super) fn connections(&self, rows: &[TcpRow]) -> Vec<TcpRow> {
        let Some(contacts) = &self.contacts else {
            return rows.to_vec();
        };
        let mut kept: Vec<TcpRow> = Vec::new();
        for row in rows.iter().flat_map(|row| used_connections(row, contacts)) {
            let same = |other: &TcpRow| other.host == row.host && other.ports == row.ports;
            if !kept.iter().any(same) {
                kept.push(row);
            }
        }
        kept
    }
}

/// The server that gives tokens for a secret.
fn token_server(row: &SecretRow) -> Option<Contact> {
    match row.usage().ok()? {
        SecretUse::ClientCredentials { token_url, .. } => Some(Contact {
            host: token_url.host().clone(),
            port: token_url.port(),
        }),
        SecretUse::Header { .. } | SecretUse::Basic => None,
    }
}

/// Returns true if a request that the rule allows may have been the one to this host and port:
/// receipts say neither scheme, method nor path.
pub(super) fn may_reach(rule: &HttpRule, contact: &Contact) -> bool {
    let port = match rule.ports() {
        [] if rule.is_open() => true,
        [] => is_usual(contact.port),
        ports => ports.iter().any(|&port| u16::from(port) == contact.port),
    };
    port && rule.host().covers(&contact.host)
}

/// Returns true for the ports of `http` and `https`.
fn is_usual(port: u16) -> bool {
    [80, 443].contains(&port)
}

/// The rows that allow what a row was used for.
fn used_part(row: &HttpRow, contacts: &[Contact]) -> Vec<HttpRow> {
    let rule = row.rule();
    let used: Vec<&Contact> = contacts
        .iter()
        .filter(|contact| may_reach(&rule, contact))
        .collect();
    if used.is_empty() {
        return Vec::new();
    }
    // An open row without ports gives whatever port is offered. A row that names such a port would
    // give it to other offers too.
    let is_left_open = rule.is_open()
        && rule.ports().is_empty()
        && used.iter().any(|contact| !is_usual(contact.port));
    let hosts = distinct(used.iter().map(|contact| &contact.host));
    if is_left_open || hosts.len() > MAX_HOSTS {
        return vec![row.clone()];
    }
    let part = |host: &Host| HttpRow {
        host: HostPattern::exactly(host.clone()),
        ports: reached_ports(row, |port| {
            used.iter()
                .any(|contact| contact.host == *host && contact.port == port)
        }),
        ..row.clone()
    };
    hosts.into_iter().map(part).collect()
}

/// The ports of a row that were reached. Those of the schemes stay as they are: named, each would
/// hold for both schemes.
fn reached_ports(row: &HttpRow, reached: impl Fn(u16) -> bool) -> Vec<Port> {
    let ports = row.ports.iter().copied();
    ports.filter(|&port| reached(port.into())).collect()
}

fn used_connections(row: &TcpRow, contacts: &[Contact]) -> Vec<TcpRow> {
    let used: Vec<&Contact> = contacts
        .iter()
        .filter(|contact| {
            row.host.covers(&contact.host) && row.ports.iter().any(|port| port == contact.port)
        })
        .collect();
    let hosts = distinct(used.iter().map(|contact| &contact.host));
    if hosts.len() > MAX_HOSTS {
        return vec![row.clone()];
    }
    let part = |host: &Host| {
        let reached = |port: u16| {
            used.iter()
                .any(|contact| contact.host == *host && contact.port == port)
        };
        let ports: Vec<Port> = Vec::<Port>::from(row.ports.clone())
            .into_iter()
            .filter(|&port| reached(port.into()))
            .collect();
        Some(TcpRow {
            host: HostPattern::exactly(host.clone()),
            ports: TcpPorts::try_from(ports).ok()?,
            ..row.clone()
        })
    };
    hosts.into_iter().filter_map(part).collect()
}

/// Names without repetition, in the order in which they came.
fn distinct<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}
