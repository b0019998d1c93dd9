//! The WASI state of one call, built from its grant and nothing else.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Instant;

use cap_std::fs::Dir;
use cofferdam_capability::{Access, Account, Grant, GuestPath, Limits, Preopen};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};

use crate::filesystem::{Files, Standard};
use crate::host::Conversation;
use crate::http::{Egress, Holdings, Injection, RequestNames};
use crate::limiter::Limiter;
use crate::network::{Connect, Record};
use crate::scratch::CallScratch;
use crate::state::State;
use crate::tcp::Sockets;
use crate::transfer::Transfer;

/// The most handles in the engine's own tables, which take 24 bytes each: the engine's default.
/// They have one for each resource of the host and for each that is lent for a call, which the
/// limit `handles` and the host's functions bound, and one for each resource that the components of
/// a guest make for one another, which this alone bounds.
pub(crate) const MAX_IN_ENGINE: usize = 100_000;

/// All that a call gives to its guest besides the grant.
pub(crate) struct GuestContext<'a> {
    pub(crate) account: Account,
    pub(crate) args: Vec<String>,
    pub(crate) standard: Standard,
    pub(crate) network: Arc<dyn Connect>,
    /// The secrets that go into its requests.
    pub(crate) injections: Vec<Injection>,
    /// Names its requests toward servers that want to know one when it comes again.
    pub(crate) names: RequestNames,
    pub(crate) conversation: Conversation,
    /// Its `/tmp`, when its grant has one.
    pub(crate) scratch: Option<&'a CallScratch>,
}

/// The whole state of a call. Clocks and random numbers are those of the host; `network` is the way
/// out, for sockets too.
pub(crate) fn state(grant: &Grant, given: GuestContext<'_>) -> wasmtime::Result<State> {
    let GuestContext {
        account,
        args,
        standard,
        network,
        injections,
        names,
        conversation,
        scratch,
    } = given;
    let limits = grant.limits();
    let record = Record::default();
    let sockets = Sockets::new(grant, Arc::clone(&network), account.clone(), record.clone());
    let egress = Egress::new(
        grant,
        network,
        injections,
        names,
        account.clone(),
        record.clone(),
    );
    Ok(State {
        wasi: context(
            grant,
            &args,
            &standard,
            scratch.map(CallScratch::dir),
            &sockets,
        )?,
        table: table(limits),
        holdings: Holdings::new(account.clone()),
        files: Files::new(
            grant,
            account.clone(),
            scratch.map(|scratch| Arc::clone(scratch.share())),
            standard,
        ),
        account,
        handles: limits.handles.0,
        limiter: Limiter::new(limits),
        random: limits.random.0,
        http: Egress::context(),
        egress,
        sockets,
        record,
        conversation,
        slice_began: Instant::now(),
        transfer: Transfer::up_to(limits.host_call.len()),
    })
}

fn context(
    grant: &Grant,
    args: &[String],
    standard: &Standard,
    scratch: Option<&Dir>,
    sockets: &Sockets,
) -> wasmtime::Result<WasiCtx> {
    let Standard {
        stdin,
        stdout,
        stderr,
    } = standard.clone();
    let mut builder = WasiCtxBuilder::new();
    builder
        .args(args)
        .envs(grant.environment())
        .stdin(stdin)
        .stdout(stdout)
        .stderr(stderr)
        .max_random_size(grant.limits().random.0)
        .allow_tcp(grant.network().has_tcp())
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .socket_addr_check(sockets.check());
    // File calls run where the guest runs: a hop to another thread costs more than most of them,
    // and made `wc` on a small file half as slow again.
    builder.allow_blocking_current_thread(true);
    for preopen in grant.preopens() {
        preopen_into(&mut builder, preopen)?;
    }
    if let Some(scratch) = scratch {
        builder.preopened_dir(
            by_descriptor(scratch),
            GuestPath::scratch().as_str(),
            FsPerms::ReadWrite,
        )?;
    }
    Ok(builder.build())
}

/// The path of an open directory: wasmtime-wasi takes a path, and the one below `/proc/self/fd`
/// names exactly the directory that the grant opened, whatever stands under its old name by now.
fn by_descriptor(dir: &Dir) -> String {
    format!("/proc/self/fd/{}", dir.as_raw_fd())
}

fn preopen_into(builder: &mut WasiCtxBuilder, preopen: &Preopen) -> wasmtime::Result<()> {
    let directory = by_descriptor(preopen.dir());
    let perms = match preopen.access() {
        Access::ReadOnly => FsPerms::ReadOnly,
        Access::ReadWrite => FsPerms::ReadWrite,
    };
    builder.preopened_dir(&directory, preopen.guest().as_str(), perms)?;
    // The same directory under the name by which relative paths find it.
    if let Some(relative) = preopen.guest().relative() {
        builder.preopened_dir(&directory, relative, perms)?;
    }
    Ok(())
}

fn table(limits: &Limits) -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(usize::try_from(limits.handles.0).unwrap_or(usize::MAX));
    table
}
