//! One writer at a time, and no reader while blobs go away: between threads as between processes.

use std::fs::{File, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use cap_std::fs::{Dir, OpenOptions};

use crate::error::Error;

/// The file that is locked. It is never read, written or removed: removing it would let two lock
/// holders meet.
pub(super) const LOCK_FILE: &str = ".cofferdam.lock";

/// Time to wait for the lock. Writing the largest component a store takes is a matter of seconds,
/// so whoever keeps it for a minute is stuck.
const WAIT: Duration = Duration::from_secs(60);

/// Interval between tries. Short beside the few milliseconds that writing an image takes.
const RETRY: Duration = Duration::from_millis(5);

/// The lock, until it is dropped.
#[must_use]
pub(super) struct Lock {
    /// Closing it unlocks, also when the process dies.
    _file: File,
}

impl Lock {
    /// The lock of a writer: nobody else holds any.
    pub(super) fn exclusive(dir: &Dir) -> Result<Self, Error> {
        Self::within(dir, WAIT, File::try_lock)
    }

    /// The lock of a reader: nobody writes.
    pub(super) fn shared(dir: &Dir) -> Result<Self, Error> {
        Self::within(dir, WAIT, File::try_lock_shared)
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the standard library has no lock that waits with a bound; callers are on a \
                  blocking thread"
    )]
    pub(super) fn within(
        dir: &Dir,
        wait: Duration,
        try_lock: impl Fn(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, Error> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let file = dir
            .open_with(LOCK_FILE, &options)
            .map_err(Error::io(format!("open {LOCK_FILE}")))?
            .into_std();
        let begun = Instant::now();
        loop {
            match try_lock(&file) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(error)) => {
                    return Err(Error::io(format!("lock {LOCK_FILE}"))(error));
                }
                Err(TryLockError::WouldBlock) if begun.elapsed() >= wait => {
                    return Err(Error::Busy);
                }
                Err(TryLockError::WouldBlock) => thread::sleep(RETRY),
            }
        }
    }
}
