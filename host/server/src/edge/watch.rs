//! The time that a piece of an answer waits for its client.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Since when a piece waits for its client.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Option<Instant>>);

impl Watch {
    /// Returns how long a piece has been waiting; zero if none does.
    pub(crate) fn waits(&self) -> Duration {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Sets since when a piece waits; none does if this is `None`.
    pub(crate) fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}
