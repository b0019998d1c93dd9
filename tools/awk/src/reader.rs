//! Records of a file.

use std::io::{self, Read};
use std::rc::Rc;

use cofferdam_regex::Regex;

/// Reads at least this much at once (64 KiB).
const BUFFER: usize = 64 << 10;

/// The end of a record.
#[derive(Clone)]
pub(crate) enum Ending {
    Byte(u8),
    /// Empty lines.
    Paragraph,
    Regex(Rc<Regex>),
}

/// A record and what ended it.
pub(crate) struct Piece {
    pub(crate) text: Vec<u8>,
    pub(crate) end: Vec<u8>,
}

/// A file that is read.
pub(crate) struct Reader {
    inner: Box<dyn Read>,
    buffer: Vec<u8>,
    /// Start of the next record, and of the bytes not searched yet.
    start: usize,
    searched: usize,
    at_end: bool,
}

impl Reader {
    pub(crate) fn new(inner: Box<dyn Read>) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            at_end: false,
        }
    }

    /// Reads more. Returns false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.searched = self.searched.saturating_sub(self.start);
            self.start = 0;
        }
        let length = self.buffer.len();
        // As much again as there is: a long record is not looked through again and again.
        self.buffer.resize(length + BUFFER.max(length), 0);
        let read = self
            .inner
            .read(self.buffer.get_mut(length..).unwrap_or_default());
        let count = *read.as_ref().unwrap_or(&0);
        self.buffer.truncate(length + count);
        read?;
        self.at_end = count == 0;
        Ok(count > 0)
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// The next record, if there is one.
    pub(crate) fn record(&mut self, ending: &Ending) -> io::Result<Option<Piece>> {
        match ending {
            Ending::Byte(byte) => self.line(*byte),
            Ending::Paragraph => self.paragraph(),
            Ending::Regex(regex) => self.until(regex),
        }
    }

    /// Takes a record that ends at a place, and its end.
    fn take(&mut self, length: usize, end: usize) -> Piece {
        let rest = self.rest();
        let piece = Piece {
            text: rest.get(..length).unwrap_or_default().to_vec(),
            end: rest.get(length..length + end).unwrap_or_default().to_vec(),
        };
        self.start += length + end;
        self.searched = self.start;
        piece
    }

    fn line(&mut self, byte: u8) -> io::Result<Option<Piece>> {
        loop {
            let unseen = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(found) = unseen.iter().position(|other| *other == byte) {
                let length = self.searched + found - self.start;
                return Ok(Some(self.take(length, 1)));
            }
            self.searched = self.buffer.len();
            if !self.fill()? {
                let length = self.rest().len();
                return Ok((length > 0).then(|| self.take(length, 0)));
            }
        }
    }

    fn paragraph(&mut self) -> io::Result<Option<Piece>> {
        // Line breaks before the first paragraph belong to none.
        loop {
            let breaks = self
                .rest()
                .iter()
                .take_while(|byte| **byte == b'\n')
                .count();
            self.start += breaks;
            self.searched = self.searched.max(self.start);
            if !self.rest().is_empty() {
                break;
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
        loop {
            let rest = self.rest();
            let found = rest.windows(2).position(|two| two == b"\n\n");
            if let Some(found) = found {
                let breaks = rest
                    .iter()
                    .skip(found)
                    .take_while(|byte| **byte == b'\n')
                    .count();
                if found + breaks < rest.len() || self.at_end {
                    return Ok(Some(self.take(found, breaks)));
                }
            }
            if !self.fill()? && found.is_none() {
                let length = self.rest().len();
                let end = usize::from(self.rest().last() == Some(&b'\n'));
                return Ok(Some(self.take(length - end, end)));
            }
        }
    }

    fn until(&mut self, regex: &Regex) -> io::Result<Option<Piece>> {
        loop {
            let rest = self.rest();
            let found = regex.find(rest, 0).map_err(io::Error::other)?;
            // A match that ends where the buffer does may go on in the file.
            let found =
                found.filter(|found| !found.is_empty() && (found.end < rest.len() || self.at_end));
            if let Some(found) = found {
                return Ok(Some(self.take(found.start, found.len())));
            }
            let was_end = self.at_end;
            if !self.fill()? && was_end {
                let length = self.rest().len();
                return Ok((length > 0).then(|| self.take(length, 0)));
            }
        }
    }
}
