//! The bound on restarts of an agent whose tasks panic.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Restarts of one agent within [`WINDOW`]. A panic is a mistake in this host, which the next start
/// may not meet; one that comes again and again is met by every turn.
const RESTARTS: usize = 5;

/// The time over which restarts are counted.
const WINDOW: Duration = Duration::from_secs(600);

/// The latest crashes of agents, by id.
#[derive(Debug, Default)]
pub(crate) struct Crashes(Mutex<HashMap<String, Vec<Instant>>>);

impl Crashes {
    /// Keeps that an agent has crashed, and returns true if it may be started again.
    pub(crate) fn may_restart(&self, agent: &str, now: Instant) -> bool {
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let crashes = agents.entry(agent.to_owned()).or_default();
        crashes.retain(|crash| now.saturating_duration_since(*crash) < WINDOW);
        if crashes.len() >= RESTARTS {
            return false;
        }
        crashes.push(now);
        true
    }

    /// Forgets an agent.
    pub(crate) fn forget(&self, agent: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(agent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_crashes_again_and_again_is_left_alone() {
        let crashes = Crashes::default();
        let begun = Instant::now();
        assert!((0..RESTARTS).all(|_| crashes.may_restart("a", begun)));
        assert!(!crashes.may_restart("a", begun + WINDOW / 2));
        assert!(crashes.may_restart("b", begun));
        assert!(crashes.may_restart("a", begun + WINDOW));
        crashes.forget("b");
        assert!((0..RESTARTS).all(|_| crashes.may_restart("b", begun)));
    }
}
