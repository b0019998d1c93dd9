//! Lines of a trail for people: one after the other, also while a host writes.

use cap_std::fs::Dir;

use super::entry::Entry;
use super::error::AuditError;
use super::lines::Lines;
use super::segment::{self, Segment};

/// Reads a trail from its oldest line on. It proves nothing.
#[derive(Debug)]
pub struct AuditReader {
    dir: Dir,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    segment: Segment,
    lines: Lines,
}

/// A line as it was read.
#[derive(Debug)]
pub enum AuditLine {
    /// A line of the trail.
    Entry(Box<Entry>),
    /// A line that is none.
    Unreadable {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: u64,
    },
}

impl AuditReader {
    /// Begins with the oldest line of the trail in this directory.
    pub fn new(dir: Dir) -> Self {
        Self { dir, open: None }
    }

    /// The next line; nothing at the end of the trail as it is now. Asked again later, the reader
    /// goes on with lines that came since.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn read(&mut self) -> Result<Option<AuditLine>, AuditError> {
        loop {
            if let Some(line) = self.line()? {
                return Ok(Some(line));
            }
            let newer = self.newer()?;
            // Lines that came before the newer segment did.
            if newer.is_some()
                && let Some(line) = self.line()?
            {
                return Ok(Some(line));
            }
            let Some(segment) = newer else {
                return Ok(None);
            };
            self.open = Some(Open {
                lines: Lines::open(&self.dir, &segment.name())?,
                segment,
            });
        }
    }

    /// The next whole line of the segment that is read.
    fn line(&mut self) -> Result<Option<AuditLine>, AuditError> {
        let Some(Open { segment, lines }) = &mut self.open else {
            return Ok(None);
        };
        let Some(line) = lines.next()? else {
            lines.again()?;
            return Ok(None);
        };
        if !line.is_whole {
            lines.unread()?;
            return Ok(None);
        }
        Ok(Some(match Entry::read(&line.bytes) {
            Ok(entry) => AuditLine::Entry(Box::new(entry)),
            Err(_) => AuditLine::Unreadable {
                file: segment.name(),
                line: line.number,
            },
        }))
    }

    /// The oldest segment after the one that is read.
    fn newer(&self) -> Result<Option<Segment>, AuditError> {
        let after = self.open.as_ref().map(|open| open.segment.first);
        let segments = segment::list(&self.dir)?;
        Ok(segments
            .into_iter()
            .find(|segment| after.is_none_or(|after| segment.first > after)))
    }
}
