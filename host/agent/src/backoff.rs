//! Time between two tries to restore an agent that fails.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The first wait: often enough for an operator who has made room on a full disk.
const FIRST: Duration = Duration::from_secs(4);

/// The longest wait. Each try loads the tools of the agent, and one that says its tools only when
/// it runs is run.
const LONGEST: Duration = Duration::from_secs(300);

/// Tries at the first wait: an operator who mends something is not kept waiting, and nothing runs
/// for ever.
const QUICK: u32 = 12;

/// The agents that failed.
#[derive(Debug, Default)]
pub(crate) struct Backoff(Mutex<HashMap<String, Failed>>);

#[derive(Debug)]
struct Failed {
    reason: String,
    tries: u32,
    next: Instant,
}

impl Backoff {
    /// Keeps that an agent has failed once more. Another reason begins anew: something has changed.
    pub(crate) fn failed(&self, agent: &str, reason: &str) {
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = agents
            .get(agent)
            .filter(|failed| failed.reason == reason)
            .map_or(0, |failed| failed.tries);
        let reason = reason.to_owned();
        let tries = before.saturating_add(1);
        agents.insert(
            agent.to_owned(),
            Failed {
                reason,
                tries,
                next: Instant::now() + wait(tries),
            },
        );
    }

    /// Returns those of the failed agents whose next try is due, and forgets every other agent.
    pub(crate) fn due(&self, failed: Vec<String>) -> Vec<String> {
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        agents.retain(|agent, _| failed.contains(agent));
        failed
            .into_iter()
            .filter(|agent| agents.get(agent).is_none_or(|it| it.next <= Instant::now()))
            .collect()
    }
}

/// The wait after so many tries.
fn wait(tries: u32) -> Duration {
    let doubled = tries.saturating_sub(QUICK).min(16);
    FIRST.saturating_mul(1 << doubled).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_fails_again_and_again_waits_longer() {
        assert_eq!((wait(1), wait(QUICK)), (FIRST, FIRST));
        assert_eq!((wait(QUICK + 2), wait(u32::MAX)), (FIRST * 4, LONGEST));
        let backoff = Backoff::default();
        let both = || vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(backoff.due(both()), both());
        (0..3).for_each(|_| backoff.failed("a", "no disk"));
        assert_eq!(backoff.0.lock().unwrap()["a"].tries, 3);
        assert_eq!(backoff.due(both()), ["b"]);
        backoff.failed("a", "no model");
        assert_eq!(backoff.0.lock().unwrap()["a"].tries, 1);
        assert_eq!(backoff.due(vec!["b".to_owned()]), ["b"]);
        assert!(backoff.0.lock().unwrap().is_empty());
    }
}
