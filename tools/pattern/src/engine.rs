//! One matcher for all patterns, so that a tool has one search loop.

use std::fmt;

use grep::matcher::{ByteSet, LineMatchKind, LineTerminator, Match, Matcher};
use grep::regex::RegexMatcher;

use crate::{Backtracking, Groups, Longest};

/// Searches with a compiled pattern.
#[derive(Debug)]
pub enum Engine {
    /// Prefers what comes first in the pattern, as Perl does.
    Automaton(Box<RegexMatcher>),
    /// Prefers the longest match, as POSIX asks.
    Longest(Box<Longest>),
    /// Knows look-around and back-references.
    Backtracking(Box<Backtracking>),
}

/// A search that could not be finished, in one sentence.
#[derive(Debug)]
pub struct SearchError(pub(crate) String);

impl fmt::Display for SearchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Calls a method of the matcher that an automaton is, or begins with.
macro_rules! automaton {
    ($engine:expr, $matcher:ident => $call:expr, $otherwise:expr) => {
        match $engine {
            Engine::Automaton($matcher) => $call,
            Engine::Longest(longest) => {
                let $matcher = longest.first();
                $call
            }
            Engine::Backtracking(_) => $otherwise,
        }
    };
}

impl Matcher for Engine {
    type Captures = Groups;
    type Error = SearchError;

    fn find_at(&self, haystack: &[u8], at: usize) -> Result<Option<Match>, SearchError> {
        match self {
            Self::Automaton(matcher) => never_fails(matcher.find_at(haystack, at)),
            Self::Longest(matcher) => matcher.find_at(haystack, at),
            Self::Backtracking(matcher) => matcher.find_at(haystack, at),
        }
    }

    fn new_captures(&self) -> Result<Groups, SearchError> {
        match self {
            Self::Automaton(matcher) => never_fails(matcher.new_captures())
                .map(|groups| Groups::Automaton(Box::new(groups))),
            _ => Ok(Groups::default()),
        }
    }

    fn capture_count(&self) -> usize {
        match self {
            Self::Automaton(matcher) => matcher.capture_count(),
            Self::Longest(_) => 1,
            Self::Backtracking(matcher) => matcher.group_count(),
        }
    }

    fn capture_index(&self, name: &str) -> Option<usize> {
        match self {
            Self::Automaton(matcher) => matcher.capture_index(name),
            Self::Longest(_) => None,
            Self::Backtracking(matcher) => matcher.group_index(name),
        }
    }

    fn captures_at(
        &self,
        haystack: &[u8],
        at: usize,
        groups: &mut Groups,
    ) -> Result<bool, SearchError> {
        match (self, &mut *groups) {
            (Self::Automaton(matcher), Groups::Automaton(groups)) => {
                never_fails(matcher.captures_at(haystack, at, groups))
            }
            (Self::Backtracking(matcher), _) => {
                let found = matcher.captures_at(haystack, at)?;
                let matched = found.is_some();
                *groups = Groups::Listed(found.unwrap_or_default());
                Ok(matched)
            }
            _ => {
                let found = self.find_at(haystack, at)?;
                *groups = Groups::Listed(found.map(Some).into_iter().collect());
                Ok(found.is_some())
            }
        }
    }

    fn shortest_match_at(&self, haystack: &[u8], at: usize) -> Result<Option<usize>, SearchError> {
        automaton!(
            self,
            matcher => never_fails(matcher.shortest_match_at(haystack, at)),
            self.find_at(haystack, at).map(|found| found.map(|found| found.end()))
        )
    }

    fn non_matching_bytes(&self) -> Option<&ByteSet> {
        automaton!(self, matcher => matcher.non_matching_bytes(), None)
    }

    fn line_terminator(&self) -> Option<LineTerminator> {
        automaton!(self, matcher => matcher.line_terminator(), None)
    }

    fn find_candidate_line(&self, haystack: &[u8]) -> Result<Option<LineMatchKind>, SearchError> {
        automaton!(
            self,
            matcher => never_fails(matcher.find_candidate_line(haystack)),
            self.shortest_match_at(haystack, 0)
                .map(|found| found.map(LineMatchKind::Confirmed))
        )
    }
}

/// The result of an automaton, whose searches do not fail.
pub(crate) fn never_fails<T, E>(result: Result<T, E>) -> Result<T, SearchError> {
    result.map_err(|_| SearchError("the search failed".to_owned()))
}
