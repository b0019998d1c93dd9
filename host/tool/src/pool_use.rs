//! The use of the pool of sandboxes.

use cofferdam_sandbox::Engine;

/// The places of an engine at one time.
#[derive(Debug, Clone, Copy)]
pub struct PoolUse {
    /// Calls that may run at once.
    pub places: u32,
    /// Calls that run.
    pub running: usize,
    /// Calls that wait for a place.
    pub waiting: usize,
}

impl PoolUse {
    pub(crate) fn of(engine: &Engine) -> Self {
        Self {
            places: engine.calls(),
            running: engine.running(),
            waiting: engine.waiting(),
        }
    }
}
