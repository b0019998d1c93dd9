//! Patterns: regular expressions of ECMA-262, as automata that read each byte once.
//!
//! The states of an automaton are made while it reads, into a cache of a fixed size. A pattern whose states do not fit is
//! given up on: the caller is told, and no engine that goes back takes its place.

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchError};

/// The longest pattern, in bytes. Those that people write for names, dates and addresses have fewer than 200.
const MAX_TEXT: usize = 1 << 10;

/// The largest compiled pattern, in bytes: `[^/]{1,255}` takes half of it, a hundred letters of any script ten times
/// as much.
pub(super) const MAX_COMPILED: usize = 512 << 10;

/// What the states of one automaton may take while it reads, in bytes: the default of the library.
const CACHE: usize = 2 << 20;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    automaton: DFA,
}

/// The states that one check has made of one pattern.
#[derive(Debug)]
pub(super) struct States {
    cache: Cache,
}

impl Pattern {
    /// Compiles a pattern; the error says what is wrong with it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("has {} bytes: expected at most {MAX_TEXT}", text.len()));
        }
        let wrong = "is not a regular expression without look-around and back-references".to_owned();
        let translated = jsonschema_regex::to_rust_regex(text).map_err(|()| wrong.clone())?;
        let config = DFA::config().cache_capacity(CACHE).minimum_cache_clear_count(Some(0));
        let compiler =
            thompson::Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(MAX_COMPILED)).utf8(false);
        let automaton = DFA::builder()
            .configure(config)
            .syntax(syntax::Config::new().utf8(false))
            .thompson(compiler)
            .build(&with_ascii_boundaries(&translated))
            .map_err(|error| match too_large(&error) {
                true => format!(
                    "has more than {} KiB once it is compiled: expected shorter repeats or smaller classes",
                    MAX_COMPILED >> 10
                ),
                false => wrong,
            })?;
        Ok(Self { text: text.to_owned(), automaton })
    }

    /// The pattern as it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Its size in bytes.
    pub(super) fn compiled(&self) -> usize {
        self.automaton.get_nfa().memory_usage()
    }

    /// Makes room for its states.
    pub(super) fn states(&self) -> States {
        States { cache: self.automaton.create_cache() }
    }

    /// True if it is found somewhere in `text`.
    ///
    /// # Errors
    ///
    /// If its states do not fit into the cache.
    pub(super) fn is_in(&self, text: &str, states: &mut States) -> Result<bool, MatchError> {
        let input = Input::new(text).anchored(Anchored::No).earliest(true);
        Ok(self.automaton.try_search_fwd(&mut states.cache, &input)?.is_some())
    }
}

impl States {
    /// The memory that they take, in bytes.
    pub(super) fn size(&self) -> usize {
        self.cache.memory_usage()
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

/// `\b` as ECMA-262 has it, between ASCII letters: automata know no other.
fn with_ascii_boundaries(pattern: &str) -> String {
    let (mut ascii, mut class, mut escaped) = (String::with_capacity(pattern.len()), 0_usize, false);
    for c in pattern.chars() {
        if std::mem::take(&mut escaped) {
            match c {
                'b' | 'B' if class == 0 => ascii.extend(["(?-u:\\", if c == 'b' { "b)" } else { "B)" }]),
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
