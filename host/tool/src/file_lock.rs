//! A lock on a file that processes take one after the other, each within a bound.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use cofferdam_capability::SystemError;

/// The longest time to wait for the lock. A change is written in milliseconds, and the import of as
/// many decisions as a host keeps takes seconds, so whoever has the lock for longer is stuck.
const WAIT: Duration = Duration::from_secs(10);

/// Interval between tries. Short beside the few milliseconds that a change takes.
const RETRY: Duration = Duration::from_millis(5);

/// The lock, until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct FileLock {
    /// Closing it unlocks, also when the process dies.
    _file: File,
}

/// The reason why a file is not locked.
#[derive(Debug)]
pub enum LockError {
    /// Somebody else had it locked all the time.
    Busy {
        /// The time that was waited.
        waited: Duration,
    },
    /// The system refused.
    Io(io::Error),
}

/// As in: cannot write this file, …
impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { waited } => write!(
                f,
                "another process has kept it locked for {} s: end it, or try again",
                waited.as_secs()
            ),
            Self::Io(error) => write!(f, "{}", SystemError(error)),
        }
    }
}

impl FileLock {
    /// Locks a file for this process alone.
    ///
    /// # Errors
    ///
    /// If another process keeps the lock, or the system refuses.
    pub fn of(file: File) -> Result<Self, LockError> {
        Self::within(WAIT, file)
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the standard library has no lock that waits with a bound; callers are commands, \
                  or on a blocking thread"
    )]
    fn within(wait: Duration, file: File) -> Result<Self, LockError> {
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
                Err(TryLockError::WouldBlock) if begun.elapsed() >= wait => {
                    return Err(LockError::Busy { waited: wait });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(RETRY),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_somebody_keeps_is_not_waited_for_without_an_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || File::open(file.path()).unwrap();
        let held = FileLock::of(open()).unwrap();
        let wait = Duration::from_millis(20);
        let refused = FileLock::within(wait, open());
        assert!(matches!(refused, Err(LockError::Busy { waited }) if waited == wait));
        drop(held);
        assert!(FileLock::within(Duration::ZERO, open()).is_ok());
    }
}
