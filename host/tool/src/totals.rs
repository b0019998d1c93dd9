//! Sums over the calls of a host, for who watches it. Their number does not grow with the calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use cofferdam_call::{OutcomeName, Receipt};

use crate::histogram::{Histogram, HistogramCounts};
use crate::reached;

/// Tools that are counted by name. Most hosts have tens; an agent may have a hundred of its own.
const MOST: usize = 256;

/// The name under which calls of further tools are counted: no tool has it.
const OTHERS: &str = "(others)";

/// Sums over the calls of a host, those of its tools that have gone included until they are left
/// out.
#[derive(Debug)]
pub struct CallTotals {
    tools: RwLock<BTreeMap<String, Arc<ToolTotals>>>,
    /// Time that calls have waited for a place.
    queued: Histogram,
    limits: Vec<(&'static str, AtomicU64)>,
}

#[derive(Debug, Default)]
struct ToolTotals {
    outcomes: [AtomicU64; OutcomeName::ALL.len()],
    fuel: AtomicU64,
    wall: Histogram,
}

/// The sums of one tool at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCounts {
    /// Its name.
    pub tool: String,
    /// Calls by their outcome, as far as there were any.
    pub outcomes: Vec<(OutcomeName, u64)>,
    /// Fuel.
    pub fuel: u64,
    /// Wall-clock time of its calls, with their wait for a place.
    pub wall: HistogramCounts,
}

impl CallTotals {
    /// Adds a call of the tool of this name.
    pub(crate) fn count(&self, tool: &str, receipt: &Receipt) {
        let totals = self.tool(tool);
        let outcome = receipt.outcome.name();
        let index = OutcomeName::ALL.iter().position(|name| *name == outcome);
        if let Some(calls) = index.and_then(|index| totals.outcomes.get(index)) {
            calls.fetch_add(1, Ordering::Relaxed);
        }
        totals.fuel.fetch_add(receipt.fuel, Ordering::Relaxed);
        totals.wall.observe_us(receipt.wall_us);
        self.queued.observe_us(receipt.queued_us);
        for name in reached::refusing(receipt) {
            let row = self.limits.iter().find(|(limit, _)| *limit == name);
            if let Some((_, calls)) = row {
                calls.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Leaves out the tools that are not `installed` any more.
    pub fn keep(&self, installed: &BTreeSet<String>) {
        let is_kept = |name: &str| name == OTHERS || installed.contains(name);
        let tools = self.tools.read().unwrap_or_else(PoisonError::into_inner);
        let all = tools.keys().all(|name| is_kept(name));
        drop(tools);
        if !all {
            let mut tools = self.tools.write().unwrap_or_else(PoisonError::into_inner);
            tools.retain(|name, _| is_kept(name));
        }
    }

    /// The sums of each tool, by name.
    pub fn tools(&self) -> Vec<ToolCounts> {
        let tools = self.tools.read().unwrap_or_else(PoisonError::into_inner);
        let counts = tools.iter().map(|(name, totals)| totals.counts(name));
        counts.collect()
    }

    /// Time that calls have waited for a place.
    pub fn queued(&self) -> HistogramCounts {
        self.queued.counts()
    }

    /// Calls that each limit has ended, or to which it has refused something, by its name.
    pub fn limits(&self) -> Vec<(&'static str, u64)> {
        let limits = self.limits.iter();
        limits
            .map(|(name, calls)| (*name, calls.load(Ordering::Relaxed)))
            .collect()
    }

    /// The sums of one tool; of all others where there are as many as are counted by name.
    fn tool(&self, name: &str) -> Arc<ToolTotals> {
        {
            let tools = self.tools.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(totals) = tools.get(name) {
                return Arc::clone(totals);
            }
        }
        let mut tools = self.tools.write().unwrap_or_else(PoisonError::into_inner);
        let is_full = tools.len() >= MOST && !tools.contains_key(name);
        let name = if is_full { OTHERS } else { name };
        Arc::clone(tools.entry(name.to_owned()).or_default())
    }
}

impl Default for CallTotals {
    fn default() -> Self {
        let limits = reached::names().map(|name| (name, AtomicU64::new(0)));
        Self {
            tools: RwLock::default(),
            queued: Histogram::default(),
            limits: limits.collect(),
        }
    }
}

impl ToolTotals {
    fn counts(&self, name: &str) -> ToolCounts {
        let outcomes = OutcomeName::ALL.into_iter().zip(&self.outcomes);
        let outcomes = outcomes.map(|(outcome, calls)| (outcome, calls.load(Ordering::Relaxed)));
        ToolCounts {
            tool: name.to_owned(),
            outcomes: outcomes.filter(|(_, calls)| *calls > 0).collect(),
            fuel: self.fuel.load(Ordering::Relaxed),
            wall: self.wall.counts(),
        }
    }
}

#[cfg(test)]
mod tests {
    use cofferdam_call::Outcome;
    use cofferdam_capability::{Ceiling, Decision, Digest, Grant, Manifest};

    use super::*;

    fn receipt(outcome: Outcome) -> Receipt {
        let ceiling = Ceiling::default();
        let component = Digest::of(b"component");
        let manifest = Manifest::empty();
        let grant = Grant::new("wc", component, &manifest, &ceiling, Decision::default());
        Receipt {
            fuel: 7,
            ..Receipt::unused(&grant.unwrap(), outcome)
        }
    }

    #[test]
    fn calls_are_counted_by_tool_and_outcome() {
        let totals = CallTotals::default();
        totals.count("wc", &receipt(Outcome::Ok));
        totals.count("wc", &receipt(Outcome::OutOfFuel));
        let [wc] = totals.tools().try_into().unwrap();
        assert_eq!(wc.fuel, 14);
        let expected = [(OutcomeName::Ok, 1), (OutcomeName::OutOfFuel, 1)];
        assert_eq!(wc.outcomes, expected);
        assert!(totals.limits().contains(&("fuel", 1)));
        assert!(totals.limits().contains(&("wall", 0)));
    }

    #[test]
    fn tools_are_bounded_and_those_that_have_gone_are_left_out() {
        let totals = CallTotals::default();
        let ok = receipt(Outcome::Ok);
        for number in 0..MOST + 10 {
            totals.count(&format!("tool-{number}"), &ok);
        }
        let tools = totals.tools();
        assert_eq!(tools.len(), MOST + 1);
        let others = tools.iter().find(|counts| counts.tool == OTHERS).unwrap();
        assert_eq!(others.outcomes, [(OutcomeName::Ok, 10)]);
        totals.keep(&BTreeSet::from(["tool-3".to_owned()]));
        let tools = totals.tools();
        let left: Vec<_> = tools.iter().map(|counts| counts.tool.as_str()).collect();
        assert_eq!(left, [OTHERS, "tool-3"]);
    }
}
