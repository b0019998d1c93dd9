//! Bytes of one request, taken piece by piece.

use std::sync::{Mutex, PoisonError};

use super::budget::{Budget, Taken};

/// The bytes of one request that are in memory, taken from those of its door until this is dropped.
/// Its pieces become one place, however many there are.
#[derive(Debug)]
pub(crate) struct BodyBytes {
    budget: Budget,
    taken: Mutex<Option<Taken>>,
}

impl BodyBytes {
    /// Nothing yet, of `budget`.
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            taken: Mutex::default(),
        }
    }

    /// Takes more bytes. The error is a sentence for the client: all requests together would take
    /// too many.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), &'static str> {
        let more = self.budget.take(bytes).ok_or(
            "the host holds as many bytes of requests as it may: try again when one has been \
             answered",
        )?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.as_mut() {
            Some(taken) => taken.merge(more),
            None => *taken = Some(more),
        }
        Ok(())
    }
}
