//! A file that is compared: its lines, and its name and time for headers.

use std::io::{self, Read};
use std::ops::Range;
use std::time::SystemTime;

use crate::ignore::Ignored;

/// The name that means standard input.
pub(crate) const STDIN: &str = "-";

/// Bytes in which a NUL makes a file a binary one. GNU looks at the first block of a file.
const LOOKED_AT: usize = 4096;

/// The content of a file by lines.
#[derive(Debug)]
pub(crate) struct Text {
    bytes: Vec<u8>,
    /// Each line without its line feed.
    lines: Vec<Range<usize>>,
    /// Set if the last line has no line feed.
    pub(crate) incomplete: bool,
}

/// A file and what headers say of it.
#[derive(Debug)]
pub(crate) struct Side {
    /// Its path as it is shown.
    pub(crate) name: String,
    pub(crate) text: Text,
    pub(crate) modified: Modified,
}

/// When a file was modified.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Modified {
    At(SystemTime),
    /// There is no file: it counts as an empty one of 1970.
    Never,
}

impl Side {
    /// Reads a file, or standard input for `-`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn read(name: &str) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let modified = if name == STDIN {
            io::stdin().lock().read_to_end(&mut bytes)?;
            SystemTime::now()
        } else {
            let mut file = std::fs::File::open(name)?;
            file.read_to_end(&mut bytes)?;
            file.metadata()?.modified()?
        };
        Ok(Self {
            name: name.to_owned(),
            text: Text::new(bytes),
            modified: Modified::At(modified),
        })
    }

    /// Returns the empty file that stands for one that is not there.
    pub(crate) fn absent(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: Text::new(Vec::new()),
            modified: Modified::Never,
        }
    }
}

impl Text {
    fn new(bytes: Vec<u8>) -> Self {
        let (mut lines, mut start) = (Vec::new(), 0);
        for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            lines.push(start..at);
            start = at.saturating_add(1);
        }
        let incomplete = start < bytes.len();
        if incomplete {
            lines.push(start..bytes.len());
        }
        Self {
            bytes,
            lines,
            incomplete,
        }
    }

    /// Returns true if both hold the same bytes.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }

    /// Returns true if the file seems to hold something else than text.
    pub(crate) fn is_binary(&self) -> bool {
        self.bytes.iter().take(LOOKED_AT).any(|byte| *byte == 0)
    }

    /// Replaces CR LF by LF.
    pub(crate) fn strip_carriage_returns(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        let mut at = 0;
        let ends: Vec<usize> = bytes
            .windows(2)
            .enumerate()
            .filter_map(|(at, two)| (two == b"\r\n").then_some(at))
            .collect();
        let mut ends = ends.into_iter().peekable();
        bytes.retain(|_| {
            let dropped = ends.next_if_eq(&at).is_some();
            at = at.saturating_add(1);
            !dropped
        });
        *self = Self::new(bytes);
    }

    /// Returns how many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns a line, counted from 0, without its line feed.
    pub(crate) fn line(&self, at: usize) -> &[u8] {
        let range = self.lines.get(at).cloned().unwrap_or_default();
        self.bytes.get(range).unwrap_or_default()
    }

    /// Returns true if a line, counted from 0, has no line feed.
    pub(crate) fn lacks_line_feed(&self, at: usize) -> bool {
        self.incomplete && at.saturating_add(1) == self.lines.len()
    }

    /// Returns how many lines at the end of both are the same, without those that are the same at
    /// the beginning.
    pub(crate) fn common_tail(&self, other: &Self) -> usize {
        let most = self.len().min(other.len());
        let head = (0..most)
            .take_while(|at| self.line(*at) == other.line(*at))
            .count();
        if self.incomplete != other.incomplete {
            return 0;
        }
        let lines = (1..=most.saturating_sub(head)).take_while(|back| {
            let line = self.line(self.len().saturating_sub(*back));
            line == other.line(other.len().saturating_sub(*back))
        });
        lines.count()
    }

    /// Returns each line in the form in which it is compared.
    pub(crate) fn keys(&self, ignored: Ignored) -> impl Iterator<Item = Vec<u8>> {
        (0..self.len()).map(move |at| {
            let mut key = ignored.canonical(self.line(at)).into_owned();
            if self.lacks_line_feed(at) && !ignored.line_end() {
                // No complete line holds a line feed, so it equals none of them.
                key.push(b'\n');
            }
            key
        })
    }
}

impl std::fmt::Display for Modified {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = match self {
            Self::At(time) => *time,
            Self::Never => SystemTime::UNIX_EPOCH,
        };
        let time = jiff::Timestamp::try_from(time).map_err(|_| std::fmt::Error)?;
        write!(
            formatter,
            "{}",
            time.strftime("%Y-%m-%d %H:%M:%S.%9f +0000")
        )
    }
}
