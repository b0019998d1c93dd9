//! The signals that ask this process to end, and the one that asks a host to read its files again.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::Failure;

/// Lets a write beyond the file-size limit of this process (`ulimit -f`) fail, for the guest or the
/// command that makes it. Without a handler the signal would end the whole host.
pub(crate) fn keep_writes_from_ending_the_process() -> Result<(), Failure> {
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    // The handler stays for as long as the process does.
    signal(kind)
        .map(drop)
        .map_err(|error| Failure::work(format!("no signals: {error}")))
}

/// Takes SIGINT over from now on.
pub(crate) fn interrupt() -> Result<Signal, Failure> {
    signal(SignalKind::interrupt()).map_err(|error| Failure::work(format!("no signals: {error}")))
}

/// Takes SIGHUP over from now on. There is none where this process was started with it ignored, as
/// `nohup` does: it stays ignored.
pub(crate) fn hangup() -> Result<Option<Signal>, Failure> {
    if is_hangup_ignored() {
        return Ok(None);
    }
    signal(SignalKind::hangup())
        .map(Some)
        .map_err(|error| Failure::work(format!("no signals: {error}")))
}

/// SIGINT and SIGTERM, and SIGHUP of a process that has nothing to read again. Each asks for the
/// same: to finish what runs, then to end.
#[derive(Debug)]
pub(crate) struct Ending {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Ending {
    /// Takes these signals over from now on.
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self {
            hangup: hangup()?,
            ..Self::of_a_host()?
        })
    }

    /// The same without SIGHUP, by which a host reads its files again.
    pub(crate) fn of_a_host() -> Result<Self, Failure> {
        let terminate = signal(SignalKind::terminate())
            .map_err(|error| Failure::work(format!("no signals: {error}")))?;
        Ok(Self {
            interrupt: interrupt()?,
            terminate,
            hangup: None,
        })
    }

    /// Waits for the next of them.
    pub(crate) async fn asked(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Returns true if SIGHUP was ignored when this process was started: its operator wants it to
/// outlive the terminal.
fn is_hangup_ignored() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hangup(&status))
}

/// Looks for SIGHUP, the lowest bit, among the ignored signals of `/proc/PID/status`.
fn ignores_hangup(status: &str) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangup_is_the_lowest_bit_of_the_ignored_signals() {
        assert!(ignores_hangup(
            "SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n"
        ));
        assert!(!ignores_hangup(
            "SigBlk:\t0000000000000001\nSigIgn:\t0000000000001000\n"
        ));
        assert!(!ignores_hangup(""));
    }
}
