//! Mistakes in policies, with their places.

use std::fmt;

/// A mistake in a file of the policy, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyProblem {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// The column in it, from 1.
    pub column: usize,
    /// The mistake, and how it would be right.
    pub problem: String,
}

impl PolicyProblem {
    /// A mistake of the file as a whole.
    pub(crate) fn of_file(file: &str, problem: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            column: 0,
            problem: problem.into(),
        }
    }

    /// A mistake at this byte of the text of a file.
    pub(crate) fn at(file: &str, text: &str, offset: usize, problem: impl Into<String>) -> Self {
        let Position { line, column } = Position::of(text, offset);
        Self {
            file: file.to_owned(),
            line,
            column,
            problem: problem.into(),
        }
    }
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            problem,
        } = self;
        if *line == 0 {
            write!(f, "{file}: {problem}")
        } else {
            write!(f, "{file}:{line}:{column}: {problem}")
        }
    }
}

/// A place in a text, as people count: from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    /// The place of a byte.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = text
            .get(..text.floor_char_boundary(offset))
            .unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }
}
