//! The work of a comparison, bounded.

/// Steps of one comparison of two manifests. Two of 64 KiB with a thousand rows each take about a
/// million; this many take less than a second, and more come only from a manifest that was made to
/// need them.
const MOST: usize = 10_000_000;

/// The steps that are left to a comparison. Without any the answer is that more is asked for.
pub(super) struct Steps(usize);

impl Steps {
    /// The steps of a new comparison.
    pub(super) fn new() -> Self {
        Self(MOST)
    }

    /// Takes so many steps, and returns false once there are none left.
    pub(super) fn take(&mut self, steps: usize) -> bool {
        self.0 = self.0.saturating_sub(steps.max(1));
        self.0 > 0
    }
}
