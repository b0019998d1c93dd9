//! Words for errors of the system that the operator can mend.

use std::fmt;
use std::io::{Error, ErrorKind};

/// An error of the system, in words that say what to do about it where something can be done.
#[derive(Debug, Clone, Copy)]
pub struct SystemError<'a>(pub &'a Error);

impl fmt::Display for SystemError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind() {
            ErrorKind::StorageFull => {
                f.write_str("the disk is full: free some space and try again")
            }
            ErrorKind::QuotaExceeded => {
                f.write_str("this user's disk quota is used up: free some space and try again")
            }
            ErrorKind::ReadOnlyFilesystem => {
                f.write_str("the disk is mounted read-only: mount it read-write")
            }
            _ => write!(f, "{}", self.0),
        }
    }
}
