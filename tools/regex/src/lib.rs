//! Regular expressions of POSIX with GNU's additions: basic, extended, and awk's.
//!
//! The leftmost match is found, and of those the longest, as the standard has it. Rust's own crates
//! take the first alternative that matches instead: `s/a|ab/x/` would leave a `b`. Automata of
//! regex-automata do the search; only expressions with back-references are tried way by way, with
//! a bound. Text is UTF-8, and bytes that are none match no character.

mod automata;
mod backtrack;
mod bracket;
mod hir;
mod node;
mod parse;

use std::fmt::{self, Display};
use std::ops::Range;

use automata::Automata;
use backtrack::Program;

/// A part of a text, in bytes.
pub type Span = Range<usize>;

/// Syntax of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// `\(` and `\{` are operators.
    Basic,
    /// `(` and `{` are operators.
    Extended,
    /// Extended, with escapes in brackets, `\y` for a word boundary and no back-references.
    Awk,
}

/// Options for compiling an expression.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The way it is written.
    pub syntax: Syntax,
    /// Letters match in both cases.
    pub ignore_case: bool,
    /// `^` and `$` match at line breaks too.
    pub multi_line: bool,
}

/// A compiled expression.
pub struct Regex {
    text: String,
    engine: Engine,
    groups: usize,
}

enum Engine {
    Automata(Box<Automata>),
    Backtrack(Program),
}

/// Spans of a match and its groups.
#[derive(Debug, Clone)]
pub struct Captures {
    spans: Vec<Option<Span>>,
}

/// Reason why an expression cannot be used, in the words of the C library where it has some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl Regex {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// If it is not an expression of this syntax, or one too big.
    pub fn new(text: &str, options: Options) -> Result<Self, Error> {
        let parsed = parse::parse(text, options)?;
        let engine = if parsed.node.has_back_reference() {
            Engine::Backtrack(Program::new(&parsed.node, parsed.groups, options)?)
        } else {
            Engine::Automata(Box::new(Automata::new(&parsed.node, options)?))
        };
        Ok(Self {
            text: text.to_owned(),
            engine,
            groups: parsed.groups,
        })
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number of groups.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Returns true if it matches anywhere from a place on.
    ///
    /// # Errors
    ///
    /// If a search with back-references takes too long.
    pub fn is_match(&self, text: &[u8], at: usize) -> Result<bool, Error> {
        match &self.engine {
            Engine::Automata(automata) => Ok(automata.is_match(text, at)),
            Engine::Backtrack(program) => Ok(program.captures(text, at)?.is_some()),
        }
    }

    /// Finds the first match from a place on. What stands before the place is seen by `^` and `\b`.
    ///
    /// # Errors
    ///
    /// If a search with back-references takes too long.
    pub fn find(&self, text: &[u8], at: usize) -> Result<Option<Span>, Error> {
        match &self.engine {
            Engine::Automata(automata) => Ok(automata.find(text, at)),
            Engine::Backtrack(program) => {
                let captures = program.captures(text, at)?;
                Ok(captures.and_then(|captures| captures.get(0)))
            }
        }
    }

    /// Finds the first match from a place on, with its groups.
    ///
    /// # Errors
    ///
    /// If a search with back-references takes too long.
    pub fn captures(&self, text: &[u8], at: usize) -> Result<Option<Captures>, Error> {
        match &self.engine {
            Engine::Automata(automata) => Ok(automata.captures(text, at, self.groups)),
            Engine::Backtrack(program) => program.captures(text, at),
        }
    }
}

impl Captures {
    /// A match whose groups nobody needs.
    pub fn whole(span: Span) -> Self {
        Self {
            spans: vec![Some(span)],
        }
    }

    /// Span of a group, if it took part; 0 is the whole match.
    pub fn get(&self, group: usize) -> Option<Span> {
        self.spans.get(group).cloned().flatten()
    }
}

impl Error {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// The length of the character at a place in bytes: 1 for a byte that begins none.
pub fn char_length(text: &[u8], at: usize) -> usize {
    backtrack::char_at(text, at).map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests;
