//! Open files of this process: as many as the system gives, and enough for the calls that may run
//! at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;
use crate::error::Failure;

/// Descriptors that a host holds open besides calls and clients: its listeners, those of agents'
/// own addresses included, the database, tools that are loaded, connections to models.
const OWN: u64 = 208;

/// Doors of a host: the unix socket, TCP, and the agents' own addresses together.
const DOORS: u64 = 3;

/// Descriptors that are not for calls: kept for clients, so that the host can be reached whatever
/// its calls hold.
const KEPT: u64 = OWN + DOORS * cofferdam_server::MOST_CONNECTIONS as u64;

/// The most that is shared among calls: beyond it, nothing waits for a descriptor.
const MOST: u32 = 1 << 28;

/// Raises what this process may open to the most that the system lets it have, and returns that.
/// What a shell gives is for programs that wait in `select` with a fixed table; this one does not.
pub(crate) fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: maximum,
                maximum,
            },
        )
    {
        tracing::warn!("this process keeps its limit on open files: {error}");
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Returns how many of the files that this process may open are for calls. At least half of them
/// are, because a command that runs a tool without being a host has no clients.
pub(crate) fn for_calls(open: u64) -> u32 {
    let calls = open.saturating_sub(KEPT).max(open / 2);
    // What a semaphore can count, which is more than any system gives.
    u32::try_from(calls).unwrap_or(u32::MAX).min(MOST)
}

/// Succeeds if all calls at once could open what a call may open by default.
pub(crate) fn suffice(open: u64, config: &Config) -> Result<(), Failure> {
    let each = config.ceiling.defaults.open_files.0.max(1);
    let needed = u64::from(config.calls)
        .saturating_mul(each)
        .saturating_add(KEPT);
    if needed <= open {
        return Ok(());
    }
    let fitting = match open.saturating_sub(KEPT) / each {
        0 => String::new(),
        fitting => format!(", or set `calls` to {fitting}"),
    };
    Err(Failure::usage(format!(
        "[host] `calls` = {} needs {needed} open files, {each} for each call, and this process may \
         have {open}: raise its hard limit (ulimit -Hn, or LimitNOFILE= of its unit){fitting}",
        config.calls
    )))
}
