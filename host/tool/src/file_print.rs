//! The part of a file's metadata that changes when the file does.

use std::time::{Duration, SystemTime};

use cap_std::fs::{Metadata, MetadataExt};

/// A file that changed so shortly before it was read may change again with the same time. It is
/// looked at anew.
const SETTLED: Duration = Duration::from_millis(50);

/// Metadata that is another one after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePrint {
    inode: u64,
    size: u64,
    changed: (i64, i64),
    modified: (i64, i64),
}

impl FilePrint {
    pub(crate) fn of(found: &Metadata) -> Self {
        Self {
            inode: found.ino(),
            size: found.len(),
            changed: (found.ctime(), found.ctime_nsec()),
            modified: (found.mtime(), found.mtime_nsec()),
        }
    }

    /// True if it changed long enough ago for another change to have another time.
    pub(crate) fn is_settled(&self) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let seconds = u64::try_from(seconds).unwrap_or(0);
        let changed = SystemTime::UNIX_EPOCH
            + Duration::from_secs(seconds)
            + Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0));
        changed.elapsed().is_ok_and(|since| since > SETTLED)
    }
}
