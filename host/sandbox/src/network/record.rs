//! Hosts that a call contacted over HTTP and TCP, and its refusals, for the receipt.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Maximum bytes of one refusal that are kept: hosts and paths are the guest's words.
const MAX_REFUSAL: usize = 256;

/// Refusals that are kept: two for each request of the default limit. The rest is counted.
const MAX_REFUSALS: usize = 64;

/// Hosts contacted, and what was refused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contacts {
    /// `host:port` and the number of connections.
    pub(crate) hosts: BTreeMap<String, u64>,
    pub(crate) refusals: Vec<String>,
}

/// The writing end, shared by the requests and sockets of a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    inner: Arc<Mutex<Inner>>,
}

/// Refusals at one limit.
#[derive(Debug)]
struct Beyond {
    count: u64,
    limit: u64,
}

#[derive(Debug, Default)]
struct Inner {
    contacts: Contacts,
    /// Acts beyond a limit, by the name of the limit.
    beyond: BTreeMap<&'static str, Beyond>,
    unkept: u64,
}

impl Record {
    pub(crate) fn contact(&self, destination: String) {
        self.change(|inner| *inner.contacts.hosts.entry(destination).or_default() += 1);
    }

    pub(crate) fn refuse(&self, refusal: &str) {
        self.change(|inner| {
            if inner.contacts.refusals.len() >= MAX_REFUSALS {
                inner.unkept += 1;
                return;
            }
            let mut kept: String = refusal
                .chars()
                .map(|c| if c.is_control() { '?' } else { c })
                .collect();
            if kept.len() > MAX_REFUSAL {
                kept.truncate(kept.floor_char_boundary(MAX_REFUSAL));
                kept.push('…');
            }
            inner.contacts.refusals.push(kept);
        });
    }

    /// Counts one more than the `limit` of this name.
    pub(crate) fn beyond(&self, name: &'static str, limit: u64) {
        self.change(|inner| {
            let beyond = inner
                .beyond
                .entry(name)
                .or_insert(Beyond { count: 0, limit });
            beyond.count = beyond.count.saturating_add(1);
        });
    }

    /// Returns the hosts contacted and the refusals until now.
    pub(crate) fn contacts(&self) -> Contacts {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut contacts = inner.contacts.clone();
        if inner.unkept > 0 {
            contacts
                .refusals
                .push(format!("network: {} more refusals", inner.unkept));
        }
        let beyond = inner.beyond.iter();
        let beyond = beyond.map(|(name, Beyond { count, limit })| {
            format!("{name}: {count} refused beyond {limit}")
        });
        contacts.refusals.extend(beyond);
        contacts
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) {
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
