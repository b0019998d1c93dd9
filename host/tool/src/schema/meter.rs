//! The steps of one check.

/// Steps of one check: a third of a second. A step is one keyword at one value, or a few bytes that are compared, so an
/// input of 4 MiB of numbers takes a third of them.
const MAX_STEPS: u64 = 20_000_000;

/// Bytes of text that are read in one step.
const TEXT_STEP: usize = 16;

/// Counts steps, and says when there have been too many.
#[derive(Debug, Default)]
pub(super) struct Meter {
    steps: u64,
}

/// Nothing is known of an input, because it takes too much to find out. The sentence is for the caller.
#[derive(Debug)]
pub(super) struct Unchecked(pub(super) String);

impl Meter {
    pub(super) fn step(&mut self, steps: usize) -> Result<(), Unchecked> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps <= MAX_STEPS {
            return Ok(());
        }
        Err(Unchecked(format!("checking it takes more than {MAX_STEPS} steps: give it less in one call")))
    }

    /// Counts a text that is read once.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Unchecked> {
        self.step(text.len() / TEXT_STEP)
    }
}
