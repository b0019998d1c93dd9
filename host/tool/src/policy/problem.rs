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
    pub(crate) fn at(
        file: &str,
        text: &Lines<'_>,
        offset: usize,
        problem: impl Into<String>,
    ) -> Self {
        let Position { line, column } = text.position(offset);
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

/// A text, and where its lines begin: ten thousand places in it are found without reading it as
/// often.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let newlines = text.match_indices('\n');
        let starts = newlines.map(|(newline, _)| newline + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(starts).collect(),
        }
    }

    /// The place of a byte.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|line| self.starts.get(line));
        let before = self.text.get(start.copied().unwrap_or(0)..offset);
        Position {
            line,
            column: before.unwrap_or_default().chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_its_line_and_its_column() {
        let text = Lines::of("ab\n\nä€c\n");
        let at = |offset| {
            let Position { line, column } = text.position(offset);
            [line, column]
        };
        assert_eq!(at(0), [1, 1]);
        assert_eq!(at(2), [1, 3]);
        assert_eq!(at(3), [2, 1]);
        assert_eq!(at(4), [3, 1]);
        // Within a character, and behind two of them.
        assert_eq!(at(5), [3, 1]);
        assert_eq!(at(9), [3, 3]);
        assert_eq!(at(11), [4, 1]);
        assert_eq!(at(99), [4, 1]);
    }
}
