//! Reasons why a trail cannot be written, read or believed.

use std::fmt;
use std::io;

use cofferdam_capability::SystemError;
use serde::Serialize;

/// A failure of the audit trail.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// It is not as it was written.
    #[error(transparent)]
    Damaged(#[from] Fault),
    /// A file cannot be read or written.
    #[error("{file}: {}", SystemError(.source))]
    File {
        /// The file in the directory of the trail; `.` for the directory.
        file: String,
        /// The error of the system.
        source: io::Error,
    },
    /// A key cannot be used.
    #[error("{file}: {problem}")]
    Key {
        /// The file of the key.
        file: &'static str,
        /// The problem, and the next step.
        problem: &'static str,
    },
    /// The directory was moved or replaced under a running process.
    #[error("the directory was moved or replaced while this process ran: start it again")]
    Moved,
    /// Another process holds the lock for too long.
    #[error("another process has held {file} for {seconds} s: end it, or let it go on")]
    Busy {
        /// The file of the lock.
        file: &'static str,
        /// The time that was waited.
        seconds: u64,
    },
}

impl AuditError {
    /// The error of the system about this file.
    pub(super) fn of(file: &str) -> impl Fn(io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::File {
            file: file.clone(),
            source,
        }
    }
}

/// A place at which a trail is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
pub struct Fault {
    /// The file in the directory of the trail.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// The number of the line in the trail, if it can be known.
    pub seq: Option<u64>,
    /// The kind of the fault.
    pub kind: FaultKind,
    /// The fault in words.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            seq,
            problem,
            ..
        } = self;
        write!(f, "{file}, line {line}")?;
        if let Some(seq) = seq {
            write!(f, " (seq {seq})")?;
        }
        write!(f, ": {problem}")
    }
}

/// The kind of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// A byte of the line was changed.
    Changed,
    /// Lines are missing before this one.
    Missing,
    /// The line stands before an older one.
    Reordered,
    /// The line was there before.
    Doubled,
    /// A checkpoint was not signed with the key.
    Forged,
    /// A whole segment is missing before this line.
    MissingSegment,
    /// The file has the name of another segment.
    Misplaced,
    /// The trail ends before the line that it is known to have.
    Cut,
}

impl FaultKind {
    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Reordered => "reordered",
            Self::Doubled => "doubled",
            Self::Forged => "forged",
            Self::MissingSegment => "missing-segment",
            Self::Misplaced => "misplaced",
            Self::Cut => "cut",
        }
    }
}
