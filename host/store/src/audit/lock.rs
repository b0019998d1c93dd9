//! The lock of a trail: processes on one data directory write one after the other.

use std::fs::{File, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};

use super::error::AuditError;

/// The file that is locked.
const FILE: &str = "lock";

/// The longest wait for it: a group of lines is written in milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Interval at which it is tried again.
const INTERVAL: Duration = Duration::from_millis(1);

/// Proof that no other process writes; the lock goes with it, and with the process.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Takes the lock.
    pub(super) fn take(dir: &Dir) -> Result<Self, AuditError> {
        let wrong = || AuditError::of(FILE);
        let mut options = OpenOptions::new();
        options.write(true).create(true).mode(0o600);
        let file = dir.open_with(FILE, &options).map_err(wrong())?.into_std();
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::Error(error)) => return Err(wrong()(error)),
                Err(TryLockError::WouldBlock) if begun.elapsed() > PATIENCE => {
                    return Err(AuditError::Busy {
                        file: FILE,
                        seconds: PATIENCE.as_secs(),
                    });
                }
                Err(TryLockError::WouldBlock) => thread::park_timeout(INTERVAL),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file gives it back as well.
        let _ = self.0.unlock();
    }
}
