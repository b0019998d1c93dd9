//! The states of all patterns in one check.

use std::collections::BTreeMap;

use super::meter::Meter;
use super::pattern::{Pattern, States, Unsearched};

/// Maximum bytes that the states of all patterns may take in one check (8 MiB). Beyond it they are
/// made anew.
const MAX_STATES: usize = 8 << 20;

/// States of patterns, by the index of each pattern.
#[derive(Default)]
pub(super) struct PatternStates {
    states: BTreeMap<usize, States>,
    /// The memory of all states, in bytes.
    size: usize,
}

impl PatternStates {
    /// Returns true if the pattern `compiled`, the one of this index, is in `text`.
    pub(super) fn find(
        &mut self,
        pattern: usize,
        compiled: &Pattern,
        text: &str,
        meter: &mut Meter<'_>,
    ) -> Result<bool, Unsearched> {
        if self.size > MAX_STATES {
            self.states.clear();
            self.size = 0;
        }
        if !self.states.contains_key(&pattern) {
            let states = compiled.states();
            self.size = self.size.saturating_add(states.size());
            meter.step(states.steps()).map_err(Unsearched::Unchecked)?;
            self.states.insert(pattern, states);
        }
        let Some(states) = self.states.get_mut(&pattern) else {
            return Ok(false);
        };
        let before = states.size();
        let found = compiled.is_in(text, states, meter);
        let made = states.size().saturating_sub(before);
        self.size = self.size.saturating_add(made);
        found
    }
}
