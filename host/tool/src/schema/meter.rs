//! The steps of one check.

use cofferdam_call::Outcome;
use cofferdam_sandbox::Allowance;

/// Steps of one check: a third of a second. A step is one keyword at one value, or a few bytes that
/// are compared, so an input of 4 MiB of numbers takes a third of them.
const MAX_STEPS: u64 = 20_000_000;

/// Bytes of text that are read in one step.
const TEXT_STEP: usize = 16;

/// Steps between two looks at the clock: some tens of microseconds.
const LOOK_STEPS: u64 = 4096;

/// Counts steps, and says when there have been too many or the call is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter<'a> {
    allowance: &'a Allowance,
    steps: u64,
    /// The count at which the clock is looked at.
    look: u64,
}

/// Nothing is known of an input.
#[derive(Debug)]
pub(super) enum Unchecked {
    /// It takes too much to find out. The sentence is for the caller.
    TooMuch(String),
    /// The call has ended.
    Ended(Outcome),
}

impl<'a> Meter<'a> {
    pub(super) fn new(allowance: &'a Allowance) -> Self {
        Self {
            allowance,
            steps: 0,
            look: 0,
        }
    }

    pub(super) fn step(&mut self, steps: usize) -> Result<(), Unchecked> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps < self.look {
            return Ok(());
        }
        self.look = self.steps.saturating_add(LOOK_STEPS);
        if self.steps > MAX_STEPS {
            let sentence =
                format!("checking it takes more than {MAX_STEPS} steps: give it less in one call");
            return Err(Unchecked::TooMuch(sentence));
        }
        match self.allowance.ended() {
            None => Ok(()),
            Some(outcome) => Err(Unchecked::Ended(outcome)),
        }
    }

    /// Counts what another one of the same check has counted.
    pub(super) fn go_on_from(&mut self, other: &Meter<'_>) {
        (self.steps, self.look) = (other.steps, other.look);
    }

    /// Counts a text that is read once.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Unchecked> {
        self.step(text.len() / TEXT_STEP)
    }
}
