//! Sums of what the calls of an agent's tools used.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use cofferdam_call::{Outcome, Receipt};

/// Sums over the calls of one tool, since its toolbox was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToolUsage {
    /// Calls, refused ones included. A call that waits for an approval is none yet.
    pub calls: u64,
    /// Calls that did not end well.
    pub failed: u64,
    /// Fuel.
    pub fuel: u64,
    /// The most linear memory that one call held, in bytes.
    pub peak_memory: u64,
    /// Wall-clock time, in microseconds.
    pub wall_us: u64,
    /// CPU time, in microseconds.
    pub cpu_us: u64,
    /// Calls that were refused, and things that were refused to calls on the way.
    pub refusals: u64,
}

/// Sums over the calls of every tool of a toolbox. There are as many as it has tools.
#[derive(Debug, Default)]
pub(crate) struct Usage(Mutex<BTreeMap<String, ToolUsage>>);

impl Usage {
    /// Adds a call of the tool of this name.
    pub(crate) fn count(&self, tool: &str, receipt: &Receipt) {
        // It comes again, once a person has approved it.
        if matches!(receipt.outcome, Outcome::ApprovalPending { .. }) {
            return;
        }
        let mut tools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tools.get_mut(tool) {
            Some(usage) => usage.add(receipt),
            None => {
                let mut usage = ToolUsage::default();
                usage.add(receipt);
                tools.insert(tool.to_owned(), usage);
            }
        }
    }

    /// The sums, by name of the tool. A tool that was never called is not in it.
    pub(crate) fn all(&self) -> BTreeMap<String, ToolUsage> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ToolUsage {
    fn add(&mut self, receipt: &Receipt) {
        let denied = u64::from(matches!(receipt.outcome, Outcome::Denied { .. }));
        let on_the_way = u64::try_from(receipt.refusals.len()).unwrap_or(u64::MAX);
        let Self {
            calls,
            failed,
            fuel,
            peak_memory,
            wall_us,
            cpu_us,
            refusals,
        } = self;
        *calls += 1;
        *failed += u64::from(!receipt.outcome.is_ok());
        *fuel = fuel.saturating_add(receipt.fuel);
        *peak_memory = receipt.peak_memory.max(*peak_memory);
        *wall_us = wall_us.saturating_add(receipt.wall_us);
        *cpu_us = cpu_us.saturating_add(receipt.cpu_us);
        *refusals = refusals.saturating_add(denied).saturating_add(on_the_way);
    }
}
