//! `CONFIG` keys that are for one BIN: `limit.BIN.LIMIT`, `grant.BIN.KIND` and `retry.BIN.KEY`.
//!
//! They are settings like any other to hosts that do not know them. A request is no grant: a tool
//! gets no more than its manifest declares and the operator's ceiling allows.

use std::collections::BTreeSet;
use std::str::FromStr;

use cofferdam_capability::{Access, GuestPath, HostOffer, LimitsRequest, RetryRequest, TcpOffer};

use super::error::{Fault, Position, shown};

/// The beginning of keys that ask for a limit.
const LIMIT: &str = "limit.";

/// The beginning of keys that ask for access.
const GRANT: &str = "grant.";

/// The beginning of keys about calls that are made again.
const RETRY: &str = "retry.";

/// The kinds of access, in words.
const KINDS: &str = "http, tcp, workspace and mounts";

/// The requests of an Agentfile for one of its BINs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BinRequest {
    /// Limits instead of the manifest's and the defaults.
    pub limits: LimitsRequest,
    /// Hosts that it may send requests to.
    pub http: Vec<HostOffer>,
    /// Hosts and ports that it may be connected to over TCP.
    pub tcp: Vec<TcpOffer>,
    /// The most access to the agent's workspace.
    pub workspace: Option<WorkspaceRequest>,
    /// The mounts that it may see, by the guest path; every one when left out.
    pub mounts: Option<Vec<GuestPath>>,
    /// Calls that failed and are made again.
    pub retry: RetryRequest,
}

/// The most access to the agent's workspace that a BIN is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkspaceRequest {
    /// The tool does not see it.
    None,
    /// So much of it.
    UpTo(Access),
}

/// A key that is for a BIN.
pub(super) struct BinKey<'a> {
    pub(super) bin: &'a str,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Limit(&'a str),
    Grant(&'a str),
    Retry(&'a str),
}

/// The beginning of keys, and what their rest asks for.
type KindOf<'a> = (&'static str, fn(&'a str) -> Kind<'a>);

impl<'a> BinKey<'a> {
    /// Reads a key. `Ok(None)` is for a key that has nothing to do with a BIN.
    pub(super) fn of(key: &'a str, at: Position) -> Result<Option<Self>, Fault> {
        let stripped =
            |(beginning, kind): &KindOf<'a>| Some((key.strip_prefix(*beginning)?, *kind));
        let kinds: [KindOf<'a>; 3] = [
            (LIMIT, Kind::Limit),
            (GRANT, Kind::Grant),
            (RETRY, Kind::Retry),
        ];
        let Some((rest, kind)) = kinds.iter().find_map(stripped) else {
            return Ok(None);
        };
        let Some((bin, what)) = rest
            .split_once('.')
            .filter(|(bin, what)| !bin.is_empty() && !what.is_empty())
        else {
            return Err(Fault::new(
                at,
                format!(
                    "a key for a BIN is written `{LIMIT}BIN.fuel` or `{GRANT}BIN.http`; {} lacks \
                     the name of a BIN or what is asked for it",
                    shown(key)
                ),
            ));
        };
        Ok(Some(Self {
            bin,
            kind: kind(what),
        }))
    }
}

impl BinKey<'_> {
    /// Refuses a key for a BIN that there is not.
    pub(super) fn check(&self, bins: &BTreeSet<&str>, at: Position) -> Result<(), Fault> {
        if bins.contains(self.bin) {
            return Ok(());
        }
        if let (Kind::Limit(limit), Some(limits)) = (&self.kind, limits_of(self.bin)) {
            return Err(Fault::new(
                at,
                format!(
                    "there is no limit {} of the {}; the limits are {limits}",
                    shown(limit),
                    self.bin
                ),
            ));
        }
        let there_are = match bins.len() {
            0 => "this Agentfile has no BIN".to_owned(),
            _ => format!("the BINs are {}", shown_names(bins)),
        };
        Err(Fault::new(
            at,
            format!("there is no BIN {}; {there_are}", shown(self.bin)),
        ))
    }
}

/// The limits of a thing that is no BIN and has limits all the same, for a sentence.
fn limits_of(name: &str) -> Option<&'static str> {
    match name {
        "turn" => Some("fuel, wall, bytes, calls and tokens"),
        "workspace" => Some("bytes and entries"),
        _ => None,
    }
}

/// Names for a sentence.
fn shown_names(names: &BTreeSet<&str>) -> String {
    /// More say nothing more, and a file may have tens of thousands.
    const NAMED_MAX: usize = 16;
    let named = names.iter().take(NAMED_MAX).copied().collect::<Vec<_>>();
    let named = named.join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

impl BinRequest {
    /// Puts what another one asks for in the place of what this one asks for.
    pub(super) fn replace(&mut self, other: Self) {
        let Self {
            limits,
            http,
            tcp,
            workspace,
            mounts,
            retry,
        } = other;
        self.limits = limits.or(&self.limits);
        if !http.is_empty() {
            self.http = http;
        }
        if !tcp.is_empty() {
            self.tcp = tcp;
        }
        self.workspace = workspace.or(self.workspace);
        self.mounts = mounts.or(self.mounts.take());
        self.retry = retry.or(&self.retry);
    }

    /// Asks for one more thing. `at` is the place of its value.
    pub(super) fn ask(&mut self, key: &BinKey<'_>, value: &str, at: Position) -> Result<(), Fault> {
        let wrong = |problem: String| Fault::new(at, problem);
        match key.kind {
            Kind::Limit(name) => self
                .limits
                .ask(name, value)
                .map_err(|error| wrong(error.to_string())),
            Kind::Retry(name) => self
                .retry
                .ask(name, value)
                .map_err(|error| wrong(error.to_string())),
            Kind::Grant("http") => {
                self.http = list(value).map_err(wrong)?;
                Ok(())
            }
            Kind::Grant("tcp") => {
                self.tcp = list(value).map_err(wrong)?;
                Ok(())
            }
            Kind::Grant("workspace") => {
                self.workspace = Some(match value {
                    "none" => WorkspaceRequest::None,
                    "ro" => WorkspaceRequest::UpTo(Access::ReadOnly),
                    "rw" => WorkspaceRequest::UpTo(Access::ReadWrite),
                    _ => {
                        return Err(wrong(format!(
                            "{} is no access to the workspace; write `none`, `ro` or `rw`",
                            shown(value)
                        )));
                    }
                });
                Ok(())
            }
            Kind::Grant("mounts") => {
                self.mounts = Some(match value {
                    "none" => Vec::new(),
                    paths => list(paths).map_err(|problem| {
                        wrong(format!(
                            "{problem}; write `none`, or the mounts that the tool may see with \
                             commas between"
                        ))
                    })?,
                });
                Ok(())
            }
            Kind::Grant(other) => Err(wrong(format!(
                "there is no grant {}; an Agentfile can ask for {KINDS}",
                shown(other)
            ))),
        }
    }
}

/// The items of a list with commas between.
fn list<T: FromStr<Err = String>>(value: &str) -> Result<Vec<T>, String> {
    value.split(',').map(|item| item.trim().parse()).collect()
}
