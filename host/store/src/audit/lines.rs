//! Lines of a segment, one after the other, in bounded memory.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use cap_std::fs::{Dir, File};

use super::error::AuditError;

/// The most bytes of a line (16 KiB): names, five digests, sixteen policies and a score of numbers
/// take less than five, and the names of directories and hosts less than nine.
pub(super) const MAX_LINE: usize = 16 << 10;

/// A line as it lies in its file.
#[derive(Debug)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    /// Without its line break.
    pub(super) bytes: Vec<u8>,
    /// False for a line without a line break, or of more than [`MAX_LINE`] bytes.
    pub(super) is_whole: bool,
}

/// The lines of a file.
#[derive(Debug)]
pub(super) struct Lines {
    name: String,
    reader: BufReader<File>,
    /// Lines so far.
    number: u64,
    /// Bytes of the whole lines so far.
    offset: u64,
}

impl Lines {
    /// Opens a segment.
    pub(super) fn open(dir: &Dir, name: &str) -> Result<Self, AuditError> {
        let file = dir.open(name).map_err(AuditError::of(name))?;
        Ok(Self {
            name: name.to_owned(),
            reader: BufReader::new(file),
            number: 0,
            offset: 0,
        })
    }

    /// The next line; nothing at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Line>, AuditError> {
        let mut bytes = Vec::new();
        let most = MAX_LINE as u64 + 1;
        (&mut self.reader)
            .take(most)
            .read_until(b'\n', &mut bytes)
            .map_err(AuditError::of(&self.name))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let length = bytes.len() as u64;
        let is_whole = bytes.pop_if(|byte| *byte == b'\n').is_some();
        if is_whole {
            self.offset += length;
        }
        self.number += 1;
        Ok(Some(Line {
            number: self.number,
            bytes,
            is_whole,
        }))
    }

    /// Goes back to the end of the last whole line, for a file that grows.
    pub(super) fn again(&mut self) -> Result<(), AuditError> {
        let found = self.reader.seek(SeekFrom::Start(self.offset));
        found.map_err(AuditError::of(&self.name))?;
        Ok(())
    }

    /// Takes a line that was not whole as not read.
    pub(super) fn unread(&mut self) -> Result<(), AuditError> {
        self.number = self.number.saturating_sub(1);
        self.again()
    }
}
