//! Patterns: regular expressions of ECMA-262, as automata that read each byte once.
//!
//! The states of an automaton are made while it reads, into a cache of a fixed size. A pattern
//! whose states do not fit is given up on: the caller is told, and no engine that goes back takes
//! its place.

use std::collections::BTreeSet;

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use super::meter::{Meter, Unchecked};

/// The longest pattern, in bytes. Those that people write for names, dates and addresses have fewer
/// than 200.
const MAX_TEXT: usize = 1 << 10;

/// The largest compiled pattern, in bytes: `[^/]{1,255}` takes half of it, a hundred letters of any
/// script ten times as much.
pub(super) const MAX_COMPILED: usize = 512 << 10;

/// Maximum bytes that the states of one automaton may take while it reads: the default of the
/// library.
const CACHE: usize = 2 << 20;

/// The most classes of Unicode (`\p{…}`) in one pattern. Compiling each takes some ten
/// microseconds, also where it is repeated zero times and leaves nothing behind.
const MAX_CLASSES: usize = 32;

/// Steps for each search, however short the text is.
const SEARCH_STEPS: usize = 8;

/// Bytes that are read between two looks at the meter.
const SLICE: usize = 1 << 10;

/// Bytes of new states that are made in one step. Making them takes far longer than reading does.
const STATES_STEP: usize = 8;

/// Bytes that one state takes in the set of those at which a text has ended.
const ENDED: usize = 16;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    automaton: DFA,
}

/// Resources that several patterns take together.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct PatternSum {
    /// Bytes, once they are compiled.
    pub(super) compiled: usize,
    /// Classes of Unicode.
    pub(super) classes: usize,
}

impl PatternSum {
    /// The sum with other patterns.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            compiled: self.compiled.saturating_add(other.compiled),
            classes: self.classes.saturating_add(other.classes),
        }
    }
}

/// The states that one check has made of one pattern.
#[derive(Debug)]
pub(super) struct States {
    cache: Cache,
    /// States at which a text has ended: where that leads is known.
    ended: BTreeSet<LazyStateID>,
}

/// Reasons why a search has no answer.
#[derive(Debug)]
pub(super) enum Unsearched {
    /// The states of the pattern do not fit into the cache.
    States,
    /// The check has ended.
    Unchecked(Unchecked),
}

/// A pattern that is not taken: the rest of a sentence about it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct PatternError(String);

impl From<Unchecked> for Unsearched {
    fn from(unchecked: Unchecked) -> Self {
        Self::Unchecked(unchecked)
    }
}

impl Pattern {
    /// Compiles a pattern; the error says what is wrong with it.
    pub(super) fn new(text: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_TEXT {
            return Err(PatternError(format!(
                "has {} bytes: expected at most {MAX_TEXT}",
                text.len()
            )));
        }
        let classes = classes(text);
        if classes > MAX_CLASSES {
            return Err(PatternError(format!(
                "has {classes} classes of Unicode: expected at most {MAX_CLASSES}"
            )));
        }
        if let Some(group) = foreign_group(text) {
            return Err(PatternError(format!(
                "has `{group}`, which is not of ECMA-262: write both cases, as in [aA]"
            )));
        }
        let wrong =
            "is not a regular expression without look-around and back-references".to_owned();
        let translated =
            jsonschema_regex::to_rust_regex(text).map_err(|()| PatternError(wrong.clone()))?;
        let config = DFA::config()
            .cache_capacity(CACHE)
            .minimum_cache_clear_count(Some(0));
        let compiler = thompson::Config::new()
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(MAX_COMPILED))
            .utf8(false);
        let automaton = DFA::builder()
            .configure(config)
            .syntax(syntax::Config::new().utf8(false))
            .thompson(compiler)
            .build(&with_ascii_boundaries(&translated))
            .map_err(|error| {
                if too_large(&error) {
                    PatternError(format!(
                        "has more than {} KiB once it is compiled: expected shorter repeats or \
                         smaller classes",
                        MAX_COMPILED >> 10
                    ))
                } else {
                    PatternError(wrong)
                }
            })?;
        Ok(Self {
            text: text.to_owned(),
            automaton,
        })
    }

    /// The pattern as it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns its addition to the patterns of its schema.
    pub(super) fn sum(&self) -> PatternSum {
        PatternSum {
            compiled: self.automaton.get_nfa().memory_usage(),
            classes: classes(&self.text),
        }
    }

    /// Makes room for its states.
    pub(super) fn states(&self) -> States {
        States {
            cache: self.automaton.create_cache(),
            ended: BTreeSet::new(),
        }
    }

    /// True if it is found somewhere in `text`.
    ///
    /// Bytes are counted, and the states that are made, and each transition that is taken for the
    /// first time: finding where it leads goes through the compiled pattern, and that may take a
    /// hundred thousand times as long as to read.
    ///
    /// # Errors
    ///
    /// If its states do not fit into the cache, or the check has ended.
    pub(super) fn is_in(
        &self,
        text: &str,
        states: &mut States,
        meter: &mut Meter<'_>,
    ) -> Result<bool, Unsearched> {
        meter.step(SEARCH_STEPS)?;
        let input = Input::new(text).anchored(Anchored::No);
        let size = states.size();
        let start = self
            .automaton
            .start_state_forward(&mut states.cache, &input);
        let mut state = start.map_err(|_| Unsearched::States)?;
        meter.step(states.size().saturating_sub(size) / STATES_STEP)?;
        if state.is_tagged() {
            return found(state);
        }
        for slice in text.as_bytes().chunks(SLICE) {
            meter.step(slice.len())?;
            for byte in slice {
                let known = self
                    .automaton
                    .next_state_untagged(&states.cache, state, *byte);
                state = if known.is_unknown() {
                    self.first(states, meter, |automaton, cache| {
                        automaton.next_state(cache, state, *byte)
                    })?
                } else {
                    known
                };
                // A match is seen one byte late.
                if state.is_tagged() {
                    return found(state);
                }
            }
        }
        let last = if states.ended.insert(state) {
            self.first(states, meter, |automaton, cache| {
                automaton.next_eoi_state(cache, state)
            })?
        } else {
            self.automaton
                .next_eoi_state(&mut states.cache, state)
                .map_err(|_| Unsearched::States)?
        };
        Ok(last.is_match())
    }

    /// Takes a transition for the first time. Finding where it leads may go through all states of
    /// the compiled pattern, at a step for each.
    fn first<E>(
        &self,
        states: &mut States,
        meter: &mut Meter<'_>,
        transition: impl FnOnce(&DFA, &mut Cache) -> Result<LazyStateID, E>,
    ) -> Result<LazyStateID, Unsearched> {
        meter.step(self.automaton.get_nfa().states().len())?;
        let size = states.size();
        let state =
            transition(&self.automaton, &mut states.cache).map_err(|_| Unsearched::States)?;
        meter.step(states.size().saturating_sub(size) / STATES_STEP)?;
        Ok(state)
    }
}

impl States {
    /// The memory that they take, in bytes.
    pub(super) fn size(&self) -> usize {
        self.cache
            .memory_usage()
            .saturating_add(self.ended.len().saturating_mul(ENDED))
    }

    /// Steps for making them.
    pub(super) fn steps(&self) -> usize {
        self.size() / STATES_STEP
    }
}

fn too_large(error: &regex_automata::hybrid::BuildError) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<thompson::BuildError>() {
            return error.size_limit().is_some();
        }
        source = error.source();
    }
    // The states of a larger automaton than the cache holds.
    std::error::Error::source(error).is_none()
}

/// Returns the answer of a state that ends a search.
fn found(state: LazyStateID) -> Result<bool, Unsearched> {
    if state.is_quit() {
        Err(Unsearched::States)
    } else {
        Ok(state.is_match())
    }
}

/// Counts what may be a class of Unicode: `\p` and `\P`.
fn classes(pattern: &str) -> usize {
    pattern
        .as_bytes()
        .windows(2)
        .filter(|pair| pair.eq_ignore_ascii_case(b"\\p"))
        .count()
}

/// Returns the beginning of the first group that ECMA-262 has not: inline flags such as `(?i)`,
/// which multiply the work of compiling classes, and `(?P<name>…)`. Look-around is refused with a
/// sentence of its own.
fn foreign_group(pattern: &str) -> Option<&str> {
    let mut class = false;
    let mut escaped = false;
    for (at, c) in pattern.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => {
                let group = pattern.get(at..).unwrap_or_default();
                let kind = group
                    .strip_prefix("(?")
                    .and_then(|rest| rest.chars().next());
                if kind.is_some_and(|kind| !matches!(kind, ':' | '<' | '=' | '!')) {
                    return group.get(
                        ..group
                            .char_indices()
                            .nth(3)
                            .map_or(group.len(), |(end, _)| end),
                    );
                }
            }
            _ => {}
        }
    }
    None
}

/// `\b` as ECMA-262 has it, between ASCII letters: automata know no other.
fn with_ascii_boundaries(pattern: &str) -> String {
    let mut ascii = String::with_capacity(pattern.len());
    let mut class = 0_usize;
    let mut escaped = false;
    for c in pattern.chars() {
        if std::mem::take(&mut escaped) {
            match c {
                'b' | 'B' if class == 0 => {
                    ascii.extend(["(?-u:\\", if c == 'b' { "b)" } else { "B)" }])
                }
                _ => ascii.extend(['\\', c]),
            }
            continue;
        }
        match c {
            '\\' => {
                escaped = true;
                continue;
            }
            '[' => class = class.saturating_add(1),
            ']' => class = class.saturating_sub(1),
            _ => {}
        }
        ascii.push(c);
    }
    ascii
}
