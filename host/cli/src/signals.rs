//! The signals that ask this process to end.

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

/// SIGINT, SIGTERM and SIGHUP. Each asks for the same: to finish what runs, then to end.
#[derive(Debug)]
pub(crate) struct Ending {
    interrupt: Signal,
    terminate: Signal,
    /// None where this process was started with SIGHUP ignored, as `nohup` does.
    hangup: Option<Signal>,
}

impl Ending {
    /// Takes these signals over from now on.
    pub(crate) fn new() -> Result<Self, Failure> {
        let handler =
            |kind| signal(kind).map_err(|error| Failure::work(format!("no signals: {error}")));
        let hangup = if is_hangup_ignored() {
            None
        } else {
            Some(handler(SignalKind::hangup())?)
        };
        Ok(Self {
            interrupt: interrupt()?,
            terminate: handler(SignalKind::terminate())?,
            hangup,
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
