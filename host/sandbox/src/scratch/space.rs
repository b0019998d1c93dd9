//! The room that all calls of the host have together in their `/tmp`.
//!
//! Each call has limits of its own, but many calls at once, with limits that an operator has
//! raised, could fill the disk that the database is on. What a call has written to its `/tmp`
//! counts until its directory is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes and entries that the scratch directories of all running calls may take.
#[derive(Debug)]
pub(crate) struct Space {
    bytes: Room,
    entries: Room,
}

/// The part of one call. It is given back when the last holder drops it: its directory, its budget
/// and its streams.
#[derive(Debug)]
pub(crate) struct Share {
    space: Arc<Space>,
    bytes: AtomicU64,
    entries: AtomicU64,
}

#[derive(Debug)]
struct Room {
    max: u64,
    used: AtomicU64,
}

impl Room {
    fn new(max: u64) -> Self {
        Self {
            max,
            used: AtomicU64::new(0),
        }
    }

    /// Takes `amount` whole or not at all.
    fn take(&self, amount: u64) -> bool {
        let within = |used: u64| used.checked_add(amount).filter(|&used| used <= self.max);
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, within)
            .is_ok()
    }

    fn give_back(&self, amount: u64) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
    }
}

impl Space {
    pub(crate) fn new(bytes: u64, entries: u64) -> Self {
        Self {
            bytes: Room::new(bytes),
            entries: Room::new(entries),
        }
    }

    /// A share of nothing yet.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share {
            space: Arc::clone(self),
            bytes: AtomicU64::new(0),
            entries: AtomicU64::new(0),
        }
    }
}

impl Share {
    /// Takes room for bytes that are about to be written; false if the host has no more.
    pub(crate) fn take_bytes(&self, bytes: u64) -> bool {
        take(&self.space.bytes, &self.bytes, bytes)
    }

    /// Gives back room for bytes that were not written.
    pub(crate) fn give_back_bytes(&self, bytes: u64) {
        give_back(&self.space.bytes, &self.bytes, bytes);
    }

    /// Takes room for one entry; false if the host has no more.
    pub(crate) fn take_entry(&self) -> bool {
        take(&self.space.entries, &self.entries, 1)
    }

    /// Gives back room for an entry that was not created.
    pub(crate) fn give_back_entry(&self) {
        give_back(&self.space.entries, &self.entries, 1);
    }

    /// Keeps the room taken for good, because the directory could not be removed.
    pub(crate) fn keep(&self) {
        self.bytes.store(0, Ordering::Relaxed);
        self.entries.store(0, Ordering::Relaxed);
    }
}

fn take(room: &Room, held: &AtomicU64, amount: u64) -> bool {
    let taken = room.take(amount);
    if taken {
        held.fetch_add(amount, Ordering::Relaxed);
    }
    taken
}

fn give_back(room: &Room, held: &AtomicU64, amount: u64) {
    room.give_back(amount);
    held.fetch_sub(amount, Ordering::Relaxed);
}

impl Drop for Share {
    fn drop(&mut self) {
        self.space.bytes.give_back(*self.bytes.get_mut());
        self.space.entries.give_back(*self.entries.get_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_calls_share_the_room_until_they_are_gone() {
        let space = Arc::new(Space::new(10, 2));
        let one = space.share();
        let other = space.share();
        assert!(one.take_bytes(6) && !other.take_bytes(5) && other.take_bytes(4));
        other.give_back_bytes(1);
        assert!(one.take_bytes(1) && !one.take_bytes(u64::MAX));
        assert!(one.take_entry() && other.take_entry() && !one.take_entry());
        drop(one);
        assert!(other.take_bytes(7) && other.take_entry() && !other.take_entry());
        other.keep();
        drop(other);
        assert!(
            !space.share().take_bytes(1),
            "what is left on the disk stays counted"
        );
    }
}
