//! The threads that this process begins with.

use std::io;
use std::process::ExitCode;
use std::sync::{PoisonError, RwLock};
use std::thread::{self, Builder};

use crate::error::Failure;

/// Stack of the first thread in bytes (8 MiB), of which the system gives what is used. `ulimit -s`
/// says how much it has otherwise, and may say too little.
const STACK: usize = 8 << 20;

/// Stack of a thread that only shows that it can be started, as large as that of others.
const OTHER_STACK: usize = 2 << 20;

/// Threads beside those that there are for each core: for standard input and error, and for what
/// blocks.
const OTHERS: usize = 4;

/// Runs `work` on a thread with enough stack, and returns its exit code.
///
/// # Errors
///
/// If the system does not give the thread.
pub(crate) fn with_stack(
    work: impl FnOnce() -> ExitCode + Send + 'static,
) -> Result<ExitCode, Failure> {
    let thread = Builder::new().stack_size(STACK).spawn(work);
    let thread = thread.map_err(|error| too_few(1, &error))?;
    // The hook for panics has said why there is no code.
    Ok(thread.join().unwrap_or(ExitCode::from(101)))
}

/// Returns an error if this process may not have the threads that its command needs: one for each
/// core, and as many for guests where it `runs_tools`. They wait for each other: with some of them
/// missing, a command could wait for ever.
pub(crate) fn suffice(runs_tools: bool) -> Result<(), Failure> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let runtimes = if runs_tools { 2 } else { 1 };
    let needed = cores.saturating_mul(runtimes).saturating_add(OTHERS);
    at_once(needed).map_err(|error| too_few(needed, &error))
}

/// Starts so many threads, and ends them when all have begun.
fn at_once(count: usize) -> io::Result<()> {
    let gate = RwLock::new(());
    let closed = gate.write().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        let start = |_| {
            Builder::new()
                .stack_size(OTHER_STACK)
                .spawn_scoped(scope, || drop(gate.read()))
        };
        let started = (0..count).map(start).collect::<io::Result<Vec<_>>>();
        drop(closed);
        started.map(drop)
    })
}

fn too_few(needed: usize, error: &io::Error) -> Failure {
    Failure::work(format!(
        "the system does not give this process the threads that it needs, {needed} at once \
         ({error}): raise what it may have (ulimit -u, ulimit -v, pids.max of its control group, \
         or TasksMax= of its unit)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_can_be_started_end_again() {
        at_once(0).unwrap();
        at_once(16).unwrap();
    }
}
