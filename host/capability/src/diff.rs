//! Requests of one manifest beyond those of another.

use std::fmt;

use crate::access::Access;
use crate::grant::Ceiling;
use crate::guest_path::GuestPath;
use crate::manifest::Manifest;
use crate::network::{HostPattern, HttpRule};
use crate::rows::{CallRow, FsRow, HttpRow, SecretRow, TcpRow};
use crate::secret::SecretName;

/// Number of things that a sentence names before it only counts them: a manifest may have a
/// thousand rows.
const SHOWN: usize = 8;

/// Requests of a manifest beyond those of one that somebody has decided about. Where it is empty,
/// the same offers give the new component no more than they gave the old one, and nobody has to
/// decide again.
///
/// Row is held against row: what only several old rows together covered counts as more. Reasons and
/// `[[unused]]` rows give nothing, so they do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    more: Vec<More>,
}

/// One thing that is asked for beyond what was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum More {
    /// A directory, or more access to it.
    Directory(GuestPath, Access),
    /// Requests to these hosts, or other ones.
    Requests(HostPattern),
    /// TCP to these hosts, or to other ports of them.
    Tcp(HostPattern),
    /// A secret, or the same one elsewhere.
    Secret(SecretName),
    /// An environment variable.
    Variable(String),
    /// Calls of another tool.
    Call(String),
    /// A higher limit.
    Limit(&'static str),
}

impl Diff {
    /// Returns the requests of `new` beyond those of `old`. `ceiling` says what a limit is that a
    /// manifest leaves out.
    pub fn new(old: &Manifest, new: &Manifest, ceiling: &Ceiling) -> Self {
        // Whole, so that a new kind of row has to be judged here before anything compiles.
        let Manifest {
            schema: _,
            tool: _,
            fs,
            http,
            tcp,
            secret,
            env,
            call,
            unused: _,
            limits,
        } = new;
        let mut more = Vec::new();
        let fs = fs
            .iter()
            .filter(|row| !old.fs.iter().any(|old| directory_within(row, old)));
        more.extend(fs.map(|row| More::Directory(row.path.clone(), row.access)));
        let rules: Vec<HttpRule> = old.http.iter().map(HttpRow::rule).collect();
        let http = http
            .iter()
            .filter(|row| !rules.iter().any(|old| row.rule().is_within(old)));
        more.extend(http.map(|row| More::Requests(row.host.clone())));
        let tcp = tcp
            .iter()
            .filter(|row| !old.tcp.iter().any(|old| tcp_within(row, old)));
        more.extend(tcp.map(|row| More::Tcp(row.host.clone())));
        let secret = secret
            .iter()
            .filter(|row| !old.secret.iter().any(|old| secret_within(row, old)));
        more.extend(secret.map(|row| More::Secret(row.name.clone())));
        let env = env
            .iter()
            .filter(|row| !old.env.iter().any(|old| old.name == row.name));
        more.extend(env.map(|row| More::Variable(row.name.clone())));
        let call = call
            .iter()
            .filter(|row| !old.call.iter().any(|old| call_within(row, old)));
        more.extend(call.map(|row| More::Call(row.name.clone())));
        // What is asked for beyond the defaults is not given without the operator, so it does not
        // count as more.
        let given = |asked| ceiling.defaults.lowered(asked);
        more.extend(
            given(limits)
                .higher_than(&given(&old.limits))
                .into_iter()
                .map(More::Limit),
        );
        Self { more }
    }

    /// Returns true if nothing more is asked for.
    pub fn is_empty(&self) -> bool {
        self.more.is_empty()
    }

    /// Each thing, in the order of a manifest.
    pub fn more(&self) -> &[More] {
        &self.more
    }
}

fn directory_within(row: &FsRow, old: &FsRow) -> bool {
    old.path.contains(&row.path) && row.access <= old.access
}

fn tcp_within(row: &TcpRow, old: &TcpRow) -> bool {
    row.host.is_within(&old.host) && row.ports.are_within(&old.ports)
}

/// A call that passes on more of the called tool's grant is more.
fn call_within(row: &CallRow, old: &CallRow) -> bool {
    row.name == old.name && row.bound().is_within(&old.bound())
}

/// A secret in another header, or in other words, is a secret that somebody else may read; one that
/// is exchanged elsewhere, or for more scopes, gives more.
fn secret_within(row: &SecretRow, old: &SecretRow) -> bool {
    let usage = row.usage().ok().zip(old.usage().ok());
    row.name == old.name
        && row.host == old.host
        && usage.is_some_and(|(new, old)| new.is_within(&old))
}

/// On one line: what authors wrote is shown with its line breaks and control characters as escapes.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, more) in self.more.iter().take(SHOWN).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{more}")?;
        }
        match self.more.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            left => write!(f, " and {left} more"),
        }
    }
}

impl fmt::Display for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path, access) => write!(f, "{} {access}", path.as_str().escape_debug()),
            Self::Requests(host) => write!(f, "requests to {host}"),
            Self::Tcp(host) => write!(f, "TCP to {host}"),
            Self::Secret(name) => write!(f, "the secret {name}"),
            Self::Variable(name) => write!(f, "the variable {}", name.escape_debug()),
            Self::Call(name) => write!(f, "calls of {name}"),
            Self::Limit(key) => write!(f, "more `{key}`"),
        }
    }
}

#[cfg(test)]
mod tests;
