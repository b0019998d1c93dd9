//! The longest of all matches that begin first, as POSIX asks: `foo|foobar` finds `foobar`.

use std::cell::RefCell;

use cofferdam_command::Stop;
use grep::matcher::{Match, Matcher};
use grep::regex::RegexMatcher;
use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson;
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use crate::MAX_COMPILED;
use crate::engine::{SearchError, never_fails};

/// Finds where a match begins with one automaton, and its longest end with another.
#[derive(Debug)]
pub struct Longest {
    first: RegexMatcher,
    ends: DFA,
    cache: RefCell<Cache>,
    /// Slower, for the texts that the automaton gives up on: word boundaries beside non-ASCII.
    slow: PikeVM,
    slow_cache: RefCell<pikevm::Cache>,
    line_end: u8,
}

impl Longest {
    /// Compiles a pattern that `first` was compiled from, too, with the same settings. No match
    /// goes beyond a line, which `line_end` ends.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the pattern.
    pub fn new(
        first: RegexMatcher,
        pattern: &str,
        syntax: syntax::Config,
        line_end: u8,
    ) -> Result<Self, Stop> {
        let wrong = |error: &dyn std::fmt::Display| Stop::new(format!("{pattern}: {error}"));
        let states = thompson::Config::new()
            .utf8(false)
            .nfa_size_limit(Some(MAX_COMPILED));
        let syntax = syntax.utf8(false);
        let ends = DFA::builder()
            .configure(
                Config::new()
                    .match_kind(MatchKind::All)
                    .unicode_word_boundary(true)
                    .cache_capacity(MAX_COMPILED)
                    .skip_cache_capacity_check(true),
            )
            .syntax(syntax)
            .thompson(states.clone())
            .build(pattern)
            .map_err(|error| wrong(&error))?;
        let slow = PikeVM::builder()
            .configure(pikevm::Config::new().match_kind(MatchKind::All))
            .syntax(syntax)
            .thompson(states)
            .build(pattern)
            .map_err(|error| wrong(&error))?;
        Ok(Self {
            first,
            cache: RefCell::new(ends.create_cache()),
            ends,
            slow_cache: RefCell::new(slow.create_cache()),
            slow,
            line_end,
        })
    }

    /// The automaton that knows where matches begin.
    pub(crate) fn first(&self) -> &RegexMatcher {
        &self.first
    }

    pub(crate) fn find_at(&self, haystack: &[u8], at: usize) -> Result<Option<Match>, SearchError> {
        let Some(found) = never_fails(self.first.find_at(haystack, at))? else {
            return Ok(None);
        };
        let start = found.start();
        let rest = haystack.get(start..).unwrap_or_default();
        let line = rest
            .iter()
            .position(|byte| *byte == self.line_end)
            .map_or(haystack.len(), |length| start + length);
        let input = Input::new(haystack)
            .range(start..line.max(found.end()))
            .anchored(Anchored::Yes);
        let end = match self
            .ends
            .try_search_fwd(&mut self.cache.borrow_mut(), &input)
        {
            Ok(end) => end.map(|end| end.offset()),
            Err(_) => {
                let mut slots = [None; 2];
                self.slow
                    .search_slots(&mut self.slow_cache.borrow_mut(), &input, &mut slots);
                slots.last().copied().flatten().map(|end| end.get())
            }
        };
        Ok(Some(Match::new(start, end.unwrap_or(found.end()))))
    }
}
