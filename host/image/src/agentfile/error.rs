//! Errors in an Agentfile: the place, and what would be right.

use std::io;
use std::path::PathBuf;

/// The most mistakes that are reported at once: a screenful.
const MISTAKES_MAX: usize = 20;

/// The mistakes of an Agentfile, in the order of their lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.mistakes, *.more))]
pub struct AgentfileError {
    /// At least one.
    pub mistakes: Vec<Mistake>,
    /// Further mistakes that are not among them.
    pub more: usize,
}

/// A mistake in an Agentfile. Prints as `file:line:column: sentence`, which editors turn into a
/// link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct Mistake {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in Unicode scalar values.
    pub column: usize,
    /// The problem, and what would be right.
    pub message: String,
}

fn lines(mistakes: &[Mistake], more: usize) -> String {
    let mut lines: Vec<_> = mistakes.iter().map(Mistake::to_string).collect();
    if more > 0 {
        lines.push(format!("{more} more: mend these first"));
    }
    lines.join("\n")
}

impl AgentfileError {
    pub(super) fn new(file: &str, mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| (fault.at.line, fault.at.column));
        let more = faults.len().saturating_sub(MISTAKES_MAX);
        faults.truncate(MISTAKES_MAX);
        let mistake = |fault: Fault| Mistake {
            file: file.to_owned(),
            line: fault.at.line,
            column: fault.at.column,
            message: fault.message,
        };
        Self {
            mistakes: faults.into_iter().map(mistake).collect(),
            more,
        }
    }
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
    /// Whoever builds the file gives values for which it has no `ARG`.
    #[error(
        "a value is given for {names}, and {} has no ARG of that name: declare it there, \
         or leave the value out",
        .agentfile.display()
    )]
    Unused {
        /// The names.
        names: String,
        /// The Agentfile.
        agentfile: PathBuf,
    },
    /// A component could not be read.
    #[error("{agentfile}: BIN {bin}: cannot use {path}: {source}")]
    Bin {
        /// The Agentfile.
        agentfile: PathBuf,
        /// The BIN.
        bin: String,
        /// The file.
        path: PathBuf,
        /// The problem with it.
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
    /// The instruction that was meant, where another word stands.
    meant: Option<&'static str>,
}

impl Fault {
    /// The problem, and what would be right.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn new(at: Position, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            meant: None,
        }
    }

    /// The same about a word that looks like this instruction.
    pub(super) fn meaning(self, meant: Option<&'static str>) -> Self {
        Self { meant, ..self }
    }

    /// The instruction that was meant, where another word stands.
    pub(super) fn meant(&self) -> Option<&'static str> {
        self.meant
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
