//! Patterns with look-around and back-references, searched line by line.

use cofferdam_command::Stop;
use fancy_regex::{BytesMode, Error, Regex, RegexBuilder, RegexInput, RuntimeError};
use grep::matcher::Match;

use crate::MAX_COMPILED;
use crate::engine::SearchError;

/// Instructions that a pattern may compile to: subroutines are copied where they are called.
const MAX_INSTRUCTIONS: usize = 1 << 18;

/// Searches with backtracking. The number of steps of each search is bounded.
#[derive(Debug)]
pub struct Backtracking {
    regex: Regex,
    /// Ends each line, beyond which no match may see; `None` when matches span lines.
    line_end: Option<u8>,
}

/// Settings of a [`Backtracking`] pattern.
#[derive(Debug, Clone, Copy, Default)]
pub struct BacktrackingOptions {
    /// Letters match in either case.
    pub ignore_case: bool,
    /// `.` matches line breaks, too.
    pub dot_all: bool,
    /// `^` and `$` match at line breaks inside the text.
    pub multi_line: bool,
    /// A carriage return before a line break belongs to it.
    pub crlf: bool,
    /// The longest match counts, as in POSIX, instead of the first one.
    pub longest: bool,
    /// Classes know ASCII only.
    pub ascii: bool,
    /// Ends each line, beyond which no match may see; `None` when matches span lines.
    pub line_end: Option<u8>,
}

impl Backtracking {
    /// Compiles a pattern in the syntax of [`perl`](crate::perl()).
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the pattern.
    pub fn new(pattern: &str, options: BacktrackingOptions) -> Result<Self, Stop> {
        let mut builder = RegexBuilder::new(pattern);
        builder
            .case_insensitive(options.ignore_case)
            .dot_matches_new_line(options.dot_all)
            .multi_line(options.multi_line)
            .crlf(options.crlf)
            .leftmost_longest(options.longest)
            .bytes_mode(if options.ascii {
                BytesMode::Ascii
            } else {
                BytesMode::UnicodeBytes
            })
            .delegate_size_limit(MAX_COMPILED)
            .delegate_dfa_size_limit(MAX_COMPILED)
            .max_prog_size(MAX_INSTRUCTIONS);
        let regex = builder.build();
        Ok(Self {
            regex: regex.map_err(|error| Stop::new(format!("{pattern}: {error}")))?,
            line_end: options.line_end,
        })
    }

    pub(crate) fn group_count(&self) -> usize {
        self.regex.captures_len()
    }

    pub(crate) fn group_index(&self, name: &str) -> Option<usize> {
        self.regex
            .capture_names()
            .position(|known| known == Some(name))
    }

    pub(crate) fn find_at(&self, haystack: &[u8], at: usize) -> Result<Option<Match>, SearchError> {
        self.each_line(haystack, at, |line, from, offset| {
            let found = self.regex.find_input(RegexInput::new(line).from_pos(from));
            Ok(found
                .map_err(sentence)?
                .map(|found| Match::new(found.start(), found.end()).offset(offset)))
        })
    }

    pub(crate) fn captures_at(
        &self,
        haystack: &[u8],
        at: usize,
    ) -> Result<Option<Vec<Option<Match>>>, SearchError> {
        self.each_line(haystack, at, |line, from, offset| {
            let found = self
                .regex
                .captures_input(RegexInput::new(line).from_pos(from));
            Ok(found.map_err(sentence)?.map(|groups| {
                groups
                    .iter()
                    .map(|group| {
                        group.map(|group| Match::new(group.start(), group.end()).offset(offset))
                    })
                    .collect()
            }))
        })
    }

    /// Searches the line that holds `at`, then those after it, until one matches. `search` gets a
    /// line, a position in it, and where the line begins.
    fn each_line<T>(
        &self,
        haystack: &[u8],
        at: usize,
        mut search: impl FnMut(&[u8], usize, usize) -> Result<Option<T>, SearchError>,
    ) -> Result<Option<T>, SearchError> {
        let Some(end) = self.line_end else {
            return search(haystack, at, 0);
        };
        let before = haystack.get(..at).unwrap_or_default();
        let mut begin = before
            .iter()
            .rposition(|byte| *byte == end)
            .map_or(0, |position| position + 1);
        let mut from = at;
        loop {
            let rest = haystack.get(begin..).unwrap_or_default();
            let length = rest.iter().position(|byte| *byte == end);
            let line = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
            if let Some(found) = search(line, from - begin, begin)? {
                return Ok(Some(found));
            }
            match length {
                // What follows the last line break is no line.
                Some(length) if begin + length + 1 < haystack.len() => {
                    begin += length + 1;
                    from = begin;
                }
                _ => return Ok(None),
            }
        }
    }
}

fn sentence(error: Error) -> SearchError {
    SearchError(match error {
        Error::RuntimeError(RuntimeError::BacktrackLimitExceeded) => {
            "the pattern takes too many steps on a line: look-around and back-references are \
             searched by trying, and the number of tries is bounded"
                .to_owned()
        }
        other => other.to_string(),
    })
}
