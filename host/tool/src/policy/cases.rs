//! Decisions that were prepared or made already.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cofferdam_call::Principal;
use cofferdam_capability::Digest;

use super::case::Case;

/// Cases that are kept (4,096): each pair of an agent and a tool is one. Beyond, all are made anew.
const MAX_CASES: usize = 4096;

/// One principal and one tool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct CaseKey {
    pub(super) principal: Principal,
    pub(super) tool: String,
    pub(super) grant: Digest,
    /// True if its policies read that, and it is so.
    pub(super) reviewed: bool,
}

/// The cases of one set of rules.
#[derive(Debug, Default)]
pub(super) struct Cases(Mutex<HashMap<CaseKey, Arc<Case>>>);

impl Cases {
    /// The case of this key, made by `make` the first time.
    pub(super) fn get(
        &self,
        key: CaseKey,
        make: impl FnOnce() -> Option<Case>,
    ) -> Option<Arc<Case>> {
        let known = self.lock().get(&key).cloned();
        if known.is_some() {
            return known;
        }
        // Made without the lock: among ten thousand policies that takes a while.
        let made = Arc::new(make()?);
        let mut cases = self.lock();
        if cases.len() >= MAX_CASES {
            cases.clear();
        }
        cases.insert(key, Arc::clone(&made));
        Some(made)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<CaseKey, Arc<Case>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
