//! Components that could not be compiled, so that a retry costs nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Components that are remembered. The oldest go first.
const MAX: usize = 256;

/// Time for which one is remembered: a machine that was busy or short of memory may do better
/// later.
const REMEMBERED: Duration = Duration::from_secs(600);

/// The problem of each, by the name of its entry in the cache.
#[derive(Debug, Default)]
pub(super) struct Refused(Mutex<HashMap<String, (Instant, String)>>);

impl Refused {
    /// The problem of a component that could not be compiled not long ago.
    pub(super) fn problem(&self, name: &str) -> Option<String> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (when, problem) = refused.get(name)?;
        (when.elapsed() < REMEMBERED).then(|| problem.clone())
    }

    pub(super) fn remember(&self, name: &str, problem: &str) {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refused.retain(|_, (when, _)| when.elapsed() < REMEMBERED);
        if refused.len() >= MAX {
            let oldest = refused
                .iter()
                .min_by_key(|(_, (when, _))| *when)
                .map(|(name, _)| name.clone());
            oldest.map(|name| refused.remove(&name));
        }
        refused.insert(name.to_owned(), (Instant::now(), problem.to_owned()));
    }
}
