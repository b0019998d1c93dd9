//! The rows of a manifest for a reviewer.

use cofferdam_capability::{Ceiling, HttpRow, Limits, LowerLimit, Manifest, SecretRow, TcpRow};
use serde::Serialize;

/// A row of a manifest in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Power {
    /// The kind of row: `directory`, `http`, `tcp`, `secret`, `variable`, `call`, `denied`;
    /// `nothing` where there is none.
    pub kind: &'static str,
    /// The directory, requests, connections or name that the row asks for.
    pub what: String,
    /// The author's reason.
    pub reason: String,
}

/// A limit that a tool gets without its operator, and the value that its manifest asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitAsked {
    /// The key in `[limits]`.
    pub name: &'static str,
    /// The value that holds.
    pub given: String,
    /// The value in the manifest, if it has the key.
    pub asked: Option<String>,
}

/// Every row of the manifest with its reason, or one row that says there is none.
pub fn powers(manifest: &Manifest) -> Vec<Power> {
    let row = |kind, what: String, reason: &str| Power {
        kind,
        what,
        reason: reason.to_owned(),
    };
    let mut rows: Vec<_> = Vec::new();
    rows.extend(manifest.fs.iter().map(|fs| {
        row(
            "directory",
            format!("{} {}", fs.path, fs.access),
            fs.reason.as_str(),
        )
    }));
    rows.extend(
        manifest
            .http
            .iter()
            .map(|http| row("http", requests(http), http.reason.as_str())),
    );
    rows.extend(
        manifest
            .tcp
            .iter()
            .map(|tcp| row("tcp", connections(tcp), tcp.reason.as_str())),
    );
    rows.extend(
        manifest
            .secret
            .iter()
            .map(|secret| row("secret", injected(secret), secret.reason.as_str())),
    );
    rows.extend(
        manifest
            .env
            .iter()
            .map(|env| row("variable", env.name.clone(), env.reason.as_str())),
    );
    rows.extend(
        manifest
            .call
            .iter()
            .map(|call| row("call", call.name.clone(), call.reason.as_str())),
    );
    rows.extend(
        manifest
            .unused
            .iter()
            .map(|unused| row("denied", unused.interface.clone(), unused.reason.as_str())),
    );
    if rows.is_empty() {
        rows.push(row(
            "nothing",
            String::new(),
            "no directory, no network, no variable",
        ));
    }
    rows
}

/// Every limit under this ceiling, as it holds without an operator's decision.
pub fn limits(manifest: &Manifest, ceiling: &Ceiling) -> Vec<LimitAsked> {
    let asked = manifest.limits.rows();
    let value = |name| {
        asked
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.value.clone())
    };
    let rows = given(manifest, ceiling).rows().into_iter();
    rows.map(|row| LimitAsked {
        name: row.name,
        given: row.value,
        asked: value(row.name),
    })
    .collect()
}

/// The limits of which the manifest asks for more than it gets without an operator's decision.
pub fn lower_limits(manifest: &Manifest, ceiling: &Ceiling) -> Vec<LowerLimit> {
    manifest
        .limits
        .beyond(&given(manifest, ceiling), &ceiling.limits)
}

/// The limits that hold without an operator's decision.
fn given(manifest: &Manifest, ceiling: &Ceiling) -> Limits {
    ceiling.defaults.lowered(&manifest.limits)
}

/// A secret, and where the host puts it.
fn injected(row: &SecretRow) -> String {
    let usage = row.usage().map(|usage| usage.to_string());
    let usage = usage.unwrap_or_else(|error| error.to_string());
    format!("{} toward {} {usage}", row.name, row.host)
}

/// The connections of a row: host and ports.
fn connections(row: &TcpRow) -> String {
    let ports = row
        .ports
        .iter()
        .map(|port| port.to_string())
        .collect::<Vec<_>>();
    format!("{} port {}", row.host, ports.join(" "))
}

/// The requests of a row: method, host, ports, paths, as far as it names them.
fn requests(row: &HttpRow) -> String {
    let methods = row
        .methods
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>();
    let methods = if methods.is_empty() {
        "any method".to_owned()
    } else {
        methods.join(" ")
    };
    let ports = row
        .ports
        .iter()
        .map(|&port| u16::from(port).to_string())
        .collect::<Vec<_>>();
    let ports = if ports.is_empty() {
        String::new()
    } else {
        format!(" port {}", ports.join(" "))
    };
    let paths = row
        .paths
        .iter()
        .cloned()
        .map(|path| format!(" {}", String::from(path)))
        .collect::<String>();
    // A reviewer of a general client decides about its grant, not about this row.
    let host = if row.host.is_any() {
        "the hosts and ports you grant:".to_owned()
    } else {
        row.host.to_string()
    };
    format!("{host} {methods}{ports}{paths}")
}
