//! Turns under way: a session has one at a time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::TurnError;

/// The turns that run on this host, so that no session has two of them.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    running: Mutex<HashSet<(String, String)>>,
}

/// A place among the running turns; gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    turns: Arc<Turns>,
    key: (String, String),
}

impl Turns {
    /// Takes a place for a turn of this session.
    pub(crate) fn begin(
        self: &Arc<Self>,
        agent: &str,
        session: &str,
    ) -> Result<Running, TurnError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (agent.to_owned(), session.to_owned());
        if !running.insert(key.clone()) {
            return Err(TurnError::Busy(session.to_owned()));
        }
        Ok(Running {
            turns: Arc::clone(self),
            key,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.turns
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}
