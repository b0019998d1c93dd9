//! Time between two tries to restore an agent that fails.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// The first wait: often enough for an operator who has made room on a full disk.
const FIRST: Duration = Duration::from_secs(4);

/// The longest wait. Each try loads the tools of the agent, and one that says its tools only when
/// it runs is run.
const LONGEST: Duration = Duration::from_secs(300);

/// The growth of the waits: in the first minute an operator who mends something is not kept
/// waiting, and the longest wait is reached within half an hour.
const FACTOR: f32 = 1.2;

/// The waits between the tries to restore one agent.
const WAITS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(FIRST)
    .with_max_delay(LONGEST)
    .with_factor(FACTOR)
    .without_max_times();

/// The agents that failed.
#[derive(Debug, Default)]
pub(crate) struct Backoff(Mutex<HashMap<String, Failed>>);

#[derive(Debug)]
struct Failed {
    reason: String,
    waits: ExponentialBackoff,
    next: Instant,
}

impl Backoff {
    /// Keeps that an agent has failed once more. Another reason begins anew: something has changed.
    pub(crate) fn failed(&self, agent: &str, reason: &str) {
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waits = agents
            .remove(agent)
            .filter(|failed| failed.reason == reason)
            .map_or_else(|| WAITS.build(), |failed| failed.waits);
        let wait = waits.next().unwrap_or(LONGEST);
        agents.insert(
            agent.to_owned(),
            Failed {
                reason: reason.to_owned(),
                waits,
                next: Instant::now() + wait,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_fails_again_and_again_waits_longer() {
        let waits: Vec<_> = WAITS.build().take(40).collect();
        assert_eq!((waits[0], waits[39]), (FIRST, LONGEST));
        assert!(waits.is_sorted());
        let backoff = Backoff::default();
        let both = || vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(backoff.due(both()), both());
        (0..3).for_each(|_| backoff.failed("a", "no disk"));
        let wait = || {
            let mut agents = backoff.0.lock().unwrap();
            agents.get_mut("a").unwrap().waits.next()
        };
        assert!(wait() > Some(FIRST * 3 / 2));
        assert_eq!(backoff.due(both()), ["b"]);
        backoff.failed("a", "no model");
        assert!(wait() < Some(FIRST * 3 / 2));
        assert_eq!(backoff.due(vec!["b".to_owned()]), ["b"]);
        assert!(backoff.0.lock().unwrap().is_empty());
    }
}
