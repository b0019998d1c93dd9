//! The work that following one component may take.

use super::error::ReachError;

/// Steps for one component (64 Mi): instructions that are read and functions that are visited. The
/// largest interpreters take a tenth of it.
const MOST_STEPS: u64 = 64 << 20;

/// Things that are kept while it is followed (4 Mi): functions of instances, names, types. A small
/// component can instantiate others inside it again and again.
const MOST_THINGS: u64 = 4 << 20;

/// The most bytes of the answer (16 MiB). A thousand exports that each reach a hundred functions
/// take ten.
const MOST_ANSWER: u64 = 16 << 20;

/// Bytes that a name takes in the answer beside its own: its place in a list or a map.
const ENTRY: usize = 64;

/// Components, and instances, inside one another. The validator has the same bound for components.
pub(super) const DEEPEST: u32 = 100;

/// The work that is left.
#[derive(Debug)]
pub(super) struct Work {
    steps: u64,
    things: u64,
    answer: u64,
}

impl Work {
    /// All of it.
    pub(super) fn new() -> Self {
        Self {
            steps: MOST_STEPS,
            things: MOST_THINGS,
            answer: MOST_ANSWER,
        }
    }

    /// Takes so many steps.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), ReachError> {
        self.steps = less(self.steps, steps)?;
        Ok(())
    }

    /// Makes so many things that are kept.
    pub(super) fn make(&mut self, things: usize) -> Result<(), ReachError> {
        self.things = less(self.things, things)?;
        self.spend(things)
    }

    /// Puts a name of so many bytes into the answer.
    pub(super) fn answer(&mut self, bytes: usize) -> Result<(), ReachError> {
        self.answer = less(self.answer, bytes.saturating_add(ENTRY))?;
        self.spend(1)
    }
}

fn less(left: u64, count: usize) -> Result<u64, ReachError> {
    let count = u64::try_from(count).ok();
    count
        .and_then(|count| left.checked_sub(count))
        .ok_or(ReachError::TooMuch)
}
