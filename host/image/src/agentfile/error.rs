//! Errors in an Agentfile: the place, and what would be right.

use std::io;
use std::path::PathBuf;

/// A mistake in an Agentfile. Prints as `file:line:column: sentence`, which editors turn into a
/// link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct AgentfileError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in Unicode scalar values.
    pub column: usize,
    /// The problem, and what would be right.
    pub message: String,
}

/// Reasons why [`read`](super::read) has no Agentfile to give.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read at all.
    #[error("cannot read the Agentfile {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file was read and is wrong.
    #[error(transparent)]
    Agentfile(#[from] AgentfileError),
}

/// A place in the file: line and column, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A mistake whose file is not named yet: the stages below [`parse`](super::parse) know lines, not
/// files.
#[derive(Debug)]
pub(super) struct Fault {
    at: Position,
    message: String,
}

impl Fault {
    pub(super) fn new(at: Position, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }

    pub(super) fn in_file(self, file: &str) -> AgentfileError {
        AgentfileError {
            file: file.to_owned(),
            line: self.at.line,
            column: self.at.column,
            message: self.message,
        }
    }
}

/// Shortens what an author wrote until it can be repeated in a sentence: a line may have 64 KiB, a
/// message should not.
pub(super) fn shown(text: &str) -> String {
    const SHOWN_MAX_CHARS: usize = 80;
    match text.char_indices().nth(SHOWN_MAX_CHARS) {
        None => format!("`{text}`"),
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default()),
    }
}
