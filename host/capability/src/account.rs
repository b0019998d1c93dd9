//! The account of one call: memory that the host holds for its guest.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::quantity::Bytes;

/// Counts the memory that the host holds for one call, against the limit `host-memory`.
///
/// Clones are the same account. Whoever makes the host hold something for a guest (a resource, a
/// header, parsed JSON, output, a listing) charges its size here first, and refuses where the
/// account does not cover it.
#[derive(Debug, Clone)]
pub struct Account(Arc<Ledger>);

#[derive(Debug)]
struct Ledger {
    limit: u64,
    held: AtomicU64,
    peak: AtomicU64,
    refusal: Mutex<Option<String>>,
}

/// A charge that ends when it is dropped.
#[derive(Debug)]
pub struct Charge {
    account: Account,
    bytes: u64,
}

/// The account does not cover a charge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what}: {bytes} more bytes would be held by the host for this call, limit {limit} \
     (`host-memory`), {held} held"
)]
pub struct Overdrawn {
    /// The thing that was to be held.
    pub what: &'static str,
    /// Its size in bytes.
    pub bytes: u64,
    /// Bytes held already.
    pub held: u64,
    /// The limit.
    pub limit: Bytes,
}

impl Account {
    /// An account that nothing has been charged to.
    pub fn new(limit: Bytes) -> Self {
        let ledger = Ledger {
            limit: limit.0,
            held: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            refusal: Mutex::default(),
        };
        Self(Arc::new(ledger))
    }

    /// An account with the same limit that nothing has been charged to.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self::new(Bytes(self.0.limit))
    }

    /// Charges `bytes` for as long as the call lasts.
    ///
    /// # Errors
    ///
    /// If the account would hold more than its limit; nothing is charged then.
    pub fn charge(&self, what: &'static str, bytes: usize) -> Result<(), Overdrawn> {
        let ledger = &self.0;
        let bytes = bytes as u64;
        let more = |held: u64| {
            held.checked_add(bytes)
                .filter(|total| *total <= ledger.limit)
        };
        match ledger
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
        {
            Ok(held) => {
                ledger
                    .peak
                    .fetch_max(held.saturating_add(bytes), Ordering::Relaxed);
                Ok(())
            }
            Err(held) => {
                let overdrawn = Overdrawn {
                    what,
                    bytes,
                    held,
                    limit: Bytes(ledger.limit),
                };
                let mut refusal = ledger
                    .refusal
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                refusal.get_or_insert_with(|| overdrawn.to_string());
                Err(overdrawn)
            }
        }
    }

    /// Charges `bytes` until the returned value is dropped.
    ///
    /// # Errors
    ///
    /// If the account would hold more than its limit.
    pub fn hold(&self, what: &'static str, bytes: usize) -> Result<Charge, Overdrawn> {
        self.charge(what, bytes)?;
        Ok(Charge {
            account: self.clone(),
            bytes: bytes as u64,
        })
    }

    /// Gives back `bytes` of an earlier charge.
    pub fn give_back(&self, bytes: u64) {
        let less = |held: u64| Some(held.saturating_sub(bytes));
        let _ = self
            .0
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Bytes that may still be charged.
    pub fn room(&self) -> usize {
        let held = self.0.held.load(Ordering::Relaxed);
        usize::try_from(self.0.limit.saturating_sub(held)).unwrap_or(usize::MAX)
    }

    /// The most bytes held at one time.
    pub fn peak(&self) -> u64 {
        self.0.peak.load(Ordering::Relaxed)
    }

    /// The first charge that was refused, as a sentence.
    pub fn refusal(&self) -> Option<String> {
        self.0
            .refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Charge {
    /// The bytes that it holds.
    pub fn len(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }

    /// Returns true if it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Adds `bytes` to this charge.
    ///
    /// # Errors
    ///
    /// If the account would hold more than its limit; the charge stays as it was.
    pub fn grow(&mut self, what: &'static str, bytes: usize) -> Result<(), Overdrawn> {
        self.account.charge(what, bytes)?;
        self.bytes = self.bytes.saturating_add(bytes as u64);
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.give_back(self.bytes);
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} bytes held",
            self.0.held.load(Ordering::Relaxed),
            self.0.limit
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_beyond_the_limit_is_refused_and_remembered() {
        let account = Account::new(Bytes(100));
        let held = account.hold("headers", 60).unwrap();
        let refused = account.charge("a method", 41).unwrap_err();
        assert_eq!((refused.held, refused.bytes), (60, 41));
        assert_eq!(account.refusal(), Some(refused.to_string()));
        drop(held);
        account.charge("a method", 100).unwrap();
        assert_eq!(account.peak(), 100);
        assert!(account.charge("one byte", 1).is_err());
        assert!(account.charge("everything", usize::MAX).is_err());
    }

    #[test]
    fn a_charge_that_grows_gives_all_of_it_back() {
        let account = Account::new(Bytes(10));
        let mut charge = account.hold("output", 4).unwrap();
        charge.grow("output", 6).unwrap();
        assert!(charge.grow("output", 1).is_err());
        drop(charge);
        account.charge("all of it", 10).unwrap();
    }
}
