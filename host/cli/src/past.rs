//! Times of the past, as people write them on a command line.

use std::error::Error;
use std::fmt;
use std::time::SystemTime;

/// A text that is no time.
#[derive(Debug)]
pub(crate) struct NoTime;

impl fmt::Display for NoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "expected a duration such as 10m, or a time in UTC such as 2026-11-30T11:00:00Z",
        )
    }
}

impl Error for NoTime {}

/// Reads a time: so long ago, or a moment in UTC.
pub(crate) fn past(written: &str) -> Result<SystemTime, NoTime> {
    if let Ok(ago) = humantime::parse_duration(written) {
        return Ok(SystemTime::now()
            .checked_sub(ago)
            .unwrap_or(SystemTime::UNIX_EPOCH));
    }
    humantime::parse_rfc3339_weak(written).map_err(|_| NoTime)
}
