//! The places where the groups of a pattern matched.

use grep::matcher::{Captures, Match};
use grep::regex::RegexCaptures;

/// The groups of one match; the whole match is the first one.
#[derive(Debug)]
pub enum Groups {
    /// As the automaton keeps them.
    Automaton(Box<RegexCaptures>),
    /// One after another; a group that took no part is `None`.
    Listed(Vec<Option<Match>>),
}

impl Default for Groups {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl Captures for Groups {
    fn len(&self) -> usize {
        match self {
            Self::Automaton(groups) => groups.len(),
            Self::Listed(groups) => groups.len(),
        }
    }

    fn get(&self, index: usize) -> Option<Match> {
        match self {
            Self::Automaton(groups) => groups.get(index),
            Self::Listed(groups) => groups.get(index).copied().flatten(),
        }
    }
}
