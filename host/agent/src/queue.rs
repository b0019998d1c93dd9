//! Agents that wait to be made ready after a start of the host.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::slot::Slot;

/// Agents in the order in which they are made ready. One that is asked for comes first.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<VecDeque<Arc<Slot>>>);

impl Queue {
    pub(crate) fn extend(&self, slots: impl IntoIterator<Item = Arc<Slot>>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(slots);
    }

    /// The next one.
    pub(crate) fn pop(&self) -> Option<Arc<Slot>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }

    /// Puts an agent before the others, if it waits.
    pub(crate) fn hurry(&self, slot: &Arc<Slot>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = waiting.iter().position(|other| Arc::ptr_eq(other, slot));
        if let Some(slot) = place.and_then(|place| waiting.remove(place)) {
            waiting.push_front(slot);
        }
    }
}
