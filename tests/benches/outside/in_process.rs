//! Calls of a tool made directly, in the process of `cofferdam tool run`: all that governs a call
//! and its durable record, without a door.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Scratch, cofferdam};

/// Calls of the run that shows what a process takes beside its calls.
const FEW: u32 = 4;

/// Calls of one tool, one after the other unless a flag says otherwise.
pub(crate) struct Calls<'a> {
    pub(crate) scratch: &'a Scratch,
    pub(crate) component: &'a Path,
    pub(crate) input: &'a str,
    /// Calls of each run beyond a few.
    pub(crate) count: u32,
    /// Flags of `tool run`.
    pub(crate) flags: &'a [&'a str],
}

impl Calls<'_> {
    /// The time of one call: the difference of a long run and a short one.
    pub(crate) fn each(&self) -> Duration {
        let few = self.run(FEW);
        self.run(FEW + self.count).saturating_sub(few) / self.count
    }

    fn run(&self, calls: u32) -> Duration {
        let component = self.component.display().to_string();
        let calls = calls.to_string();
        let mut line = vec!["tool", "run", &component, "--repeat", &calls];
        line.extend(self.flags);
        line.extend(["--", self.input]);
        let began = Instant::now();
        cofferdam(self.scratch, line).run().exits(0);
        began.elapsed()
    }
}
