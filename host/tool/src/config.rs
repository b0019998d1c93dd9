//! The configuration of a runner.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use cap_std::fs::Dir;
use cofferdam_capability::{Ceiling, Count, Guarded, Host, PagemapScan, Scheme};

use crate::ledger::Ledger;
use crate::review::ReviewRule;
use crate::secret::SecretSources;

/// The configuration from which a runner is made.
#[derive(Debug)]
pub struct RunnerConfig {
    /// The `cofferdam` binary, which compiles components in a process of its own.
    pub compiler: PathBuf,
    /// The directory of compiled code; only this user may enter it.
    pub cache: Dir,
    /// The directory in which calls get their `/tmp`; only this user may enter it.
    pub scratch: Dir,
    /// The directory in which the descriptors of components are pinned that do not carry them; only
    /// this user may enter it.
    pub pins: Dir,
    /// Bytes that all running calls together may have written to their `/tmp`.
    pub scratch_bytes: cofferdam_capability::Bytes,
    /// Entries that all running calls together may have made in their `/tmp`.
    pub scratch_entries: Count,
    /// The most any tool gets.
    pub ceiling: Ceiling,
    /// Calls at once on this host.
    pub calls: u32,
    /// Descriptors that calls may hold together.
    pub descriptors: u32,
    /// Calls at once of one agent.
    pub calls_per_agent: u32,
    /// The way the pool of sandboxes is reset between calls.
    pub pagemap_scan: PagemapScan,
    /// The servers that are asked for the addresses of names; those of the system when empty.
    pub nameservers: Vec<SocketAddr>,
    /// Servers that answer requests to a host instead of it, without TLS, for tests of tools;
    /// nobody else is then connected to. Nothing for the network as it is.
    pub stand_ins: Option<Vec<(Scheme, Host, SocketAddr)>>,
    /// The sources of the secrets that tools are granted.
    pub secrets: SecretSources,
    /// Keeps the record of every call; none for calls of which nothing is kept, such as tests of a
    /// tool by its author.
    pub ledger: Option<Arc<dyn Ledger>>,
    /// The reviews that a tool needs before it is called.
    pub review: ReviewRule,
    /// The data directory of the host. No offer holds it or lies in it, but for the workspaces that
    /// the host keeps there.
    pub data: Dir,
    /// The path of the data directory, for the log.
    pub data_path: PathBuf,
    /// Files that decide what runs next: no grant lets a tool replace one.
    pub guarded: Guarded,
}

/// The part of a runner's configuration that another one on the same engine may have otherwise.
#[derive(Debug)]
pub struct RunnerChoices {
    /// The defaults of every call, and the hosts and addresses that any tool reaches. Its limits
    /// are those of the first runner.
    pub ceiling: Ceiling,
    /// Calls at once of one agent.
    pub calls_per_agent: u32,
    /// The sources of the secrets that tools are granted.
    pub secrets: SecretSources,
    /// The reviews that a tool needs before it is called.
    pub review: ReviewRule,
    /// Files that decide what runs next.
    pub guarded: Guarded,
}

/// Returns true if a host that starts now lets the kernel say which pages a call has written.
pub fn scans_now(choice: PagemapScan) -> bool {
    cofferdam_sandbox::scans_now(choice)
}
