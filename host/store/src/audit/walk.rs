//! The lines of all segments, one after the other, in bounded memory.

use std::sync::Arc;
use std::vec;

use cap_std::fs::Dir;

use super::error::{AuditError, Fault, FaultKind};
use super::lines::{Line, Lines};
use super::segment::{self, Segment};

/// A walk over a trail.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    dir: &'a Dir,
    segments: vec::IntoIter<Segment>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: Arc<str>,
    first: u64,
    lines: Lines,
}

/// A line with its place.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) file: Arc<str>,
    /// The number in the name of the file.
    pub(super) first: u64,
    pub(super) line: Line,
}

impl<'a> Walk<'a> {
    /// Begins with the oldest line.
    pub(super) fn new(dir: &'a Dir) -> Result<Self, AuditError> {
        Ok(Self {
            dir,
            segments: segment::list(dir)?.into_iter(),
            open: None,
        })
    }

    /// The next line; nothing at the end of the trail.
    pub(super) fn next(&mut self) -> Result<Option<Step>, AuditError> {
        loop {
            if let Some(Open { file, first, lines }) = &mut self.open
                && let Some(line) = lines.next()?
            {
                return Ok(Some(Step {
                    file: Arc::clone(file),
                    first: *first,
                    line,
                }));
            }
            let Some(segment) = self.segments.next() else {
                return Ok(None);
            };
            let name = segment.name();
            self.open = Some(Open {
                lines: Lines::open(self.dir, &name)?,
                file: name.into(),
                first: segment.first,
            });
        }
    }
}

impl Step {
    /// A fault at this line.
    pub(super) fn fault(&self, kind: FaultKind, seq: Option<u64>, problem: String) -> Fault {
        Fault {
            file: self.file.to_string(),
            line: self.line.number,
            seq,
            kind,
            problem,
        }
    }
}
