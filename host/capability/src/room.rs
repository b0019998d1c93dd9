//! The room that the files of one agent have on disk, over all calls.
//!
//! A call has limits of its own, and what it writes stays. So what all calls have written is
//! counted here too: by what files grow and shrink while calls run, and by a walk over the disk
//! when a host starts and whenever the counting has met something that it cannot follow.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most that the files may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomBounds {
    /// Bytes of all files, by their lengths.
    pub bytes: u64,
    /// Files, directories and links.
    pub entries: u64,
}

/// The room that the files take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomUse {
    /// Bytes of all files, by their lengths.
    pub bytes: u64,
    /// Files, directories and links.
    pub entries: u64,
    /// False until the disk has been counted for the first time.
    pub is_counted: bool,
}

/// The room of one agent. All of its calls share it.
#[derive(Debug)]
pub struct Room(Mutex<State>);

/// A call that may change the files. While there are others, one can take away what another one
/// counts, so the disk is counted again afterwards.
#[derive(Debug)]
pub struct RoomCall(Arc<Room>);

/// A walk over the disk. Unless it is finished, the disk is as good as not counted.
#[derive(Debug)]
pub struct RoomCount(Arc<Room>);

#[derive(Debug)]
struct State {
    bounds: RoomBounds,
    bytes: u64,
    entries: u64,
    is_counted: bool,
    /// True if the numbers may be wrong.
    is_doubtful: bool,
    /// Calls that run.
    calls: u64,
    /// Everything that was added since a walk began; nothing while there is none.
    walk: Option<Added>,
}

/// The sum of what was added to the files, less what was removed, while a walk may have seen it or
/// not.
#[derive(Debug, Clone, Copy, Default)]
struct Added {
    bytes: i64,
    entries: i64,
    /// True if anything changed.
    any: bool,
}

impl Room {
    /// The room of files that are not counted yet.
    pub fn new(bounds: RoomBounds) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            bounds,
            bytes: 0,
            entries: 0,
            is_counted: false,
            is_doubtful: true,
            calls: 0,
            walk: None,
        })))
    }

    /// The most that the files may take.
    pub fn bounds(&self) -> RoomBounds {
        self.state().bounds
    }

    /// Sets other bounds. Where the files take more already, they can only shrink.
    pub fn set_bounds(&self, bounds: RoomBounds) {
        self.state().bounds = bounds;
    }

    /// The room that the files take.
    pub fn used(&self) -> RoomUse {
        let state = self.state();
        RoomUse {
            bytes: state.bytes,
            entries: state.entries,
            is_counted: state.is_counted,
        }
    }

    /// Takes room for bytes by which files are about to grow; false if there is not so much. The
    /// disk is then counted again: another call may have been counted wrongly.
    pub fn take_bytes(&self, bytes: u64) -> bool {
        if bytes == 0 {
            return true;
        }
        let mut state = self.state();
        let within = state
            .bytes
            .checked_add(bytes)
            .filter(|&sum| sum <= state.bounds.bytes);
        match within {
            Some(sum) => {
                state.bytes = sum;
                state.changed(signed(bytes), 0);
            }
            None => state.is_doubtful = true,
        }
        within.is_some()
    }

    /// Takes room for an entry that is about to be created; false if there is none.
    pub fn take_entry(&self) -> bool {
        let mut state = self.state();
        let is_free = state.entries < state.bounds.entries;
        if is_free {
            state.entries += 1;
            state.changed(0, 1);
        } else {
            state.is_doubtful = true;
        }
        is_free
    }

    /// Gives back what was taken and not used.
    pub fn give_back(&self, bytes: u64, entries: u64) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(bytes);
        state.entries = state.entries.saturating_sub(entries);
        state.changed(-signed(bytes), -signed(entries));
    }

    /// Gives back what was removed from the disk.
    pub fn removed(&self, bytes: u64, entries: u64) {
        self.give_back(bytes, entries);
        let mut state = self.state();
        // Two calls may both have found what only one of them removed.
        state.is_doubtful |= state.calls > 1;
    }

    /// Has the disk counted again, because something happened that cannot be followed.
    pub fn doubt(&self) {
        self.state().is_doubtful = true;
    }

    /// Begins a call that may change the files.
    pub fn begin_call(self: &Arc<Self>) -> RoomCall {
        self.state().calls += 1;
        RoomCall(Arc::clone(self))
    }

    /// Begins a walk over the disk, if one is needed and none is under way.
    pub fn begin_count(self: &Arc<Self>) -> Option<RoomCount> {
        let mut state = self.state();
        if !state.is_doubtful || state.walk.is_some() {
            return None;
        }
        state.is_doubtful = false;
        state.walk = Some(Added::default());
        Some(RoomCount(Arc::clone(self)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn changed(&mut self, bytes: i64, entries: i64) {
        if let Some(walk) = &mut self.walk {
            walk.bytes = walk.bytes.saturating_add(bytes);
            walk.entries = walk.entries.saturating_add(entries);
            walk.any = true;
        }
    }
}

impl RoomCount {
    /// Ends the walk, which has found so much. What was added meanwhile counts, whether the walk
    /// has seen it or not; then there is another walk.
    pub fn finish(self, bytes: u64, entries: u64) {
        let mut state = self.0.state();
        let added = state.walk.take().unwrap_or_default();
        state.bytes = bytes.saturating_add(at_least_none(added.bytes));
        state.entries = entries.saturating_add(at_least_none(added.entries));
        state.is_counted = true;
        state.is_doubtful |= added.any;
    }
}

impl Drop for RoomCount {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if state.walk.take().is_some() {
            state.is_doubtful = true;
        }
    }
}

impl RoomCall {
    /// The room that the call is in.
    pub fn room(&self) -> &Room {
        &self.0
    }
}

impl Drop for RoomCall {
    fn drop(&mut self) {
        self.0.state().calls -= 1;
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn at_least_none(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(bytes: u64, entries: u64) -> Arc<Room> {
        let room = Room::new(RoomBounds {
            bytes: 10,
            entries: 2,
        });
        room.begin_count().unwrap().finish(bytes, entries);
        room
    }

    #[test]
    fn what_is_there_counts_and_what_is_removed_does_not() {
        let room = counted(6, 1);
        assert!(room.take_bytes(4) && !room.take_bytes(1) && room.take_bytes(0));
        assert!(room.take_entry() && !room.take_entry());
        room.removed(5, 1);
        assert!(room.take_bytes(5) && room.take_entry());
        assert!(!room.take_bytes(u64::MAX));
        assert_eq!(room.used().bytes, 10);
    }

    #[test]
    fn the_disk_is_counted_again_when_the_numbers_may_be_wrong() {
        let room = counted(0, 0);
        assert!(room.begin_count().is_none(), "nothing is doubtful");
        let one = room.begin_call();
        room.removed(0, 0);
        assert!(room.begin_count().is_none(), "one call follows itself");
        let other = room.begin_call();
        room.removed(0, 0);
        drop((one, other));
        let count = room.begin_count().unwrap();
        assert!(room.begin_count().is_none(), "one walk at a time");
        // What is written meanwhile counts in any case, and makes another walk needed.
        assert!(room.take_bytes(3));
        count.finish(3, 0);
        assert_eq!(room.used().bytes, 6);
        room.begin_count().unwrap().finish(3, 0);
        assert_eq!(room.used().bytes, 3);
        assert!(room.begin_count().is_none());
        assert!(!room.take_bytes(8), "it is full");
        drop(room.begin_count().unwrap());
        assert!(
            room.begin_count().is_some(),
            "a walk that failed is made again"
        );
    }

    #[test]
    fn files_that_take_more_than_new_bounds_can_only_shrink() {
        let room = counted(8, 2);
        room.set_bounds(RoomBounds {
            bytes: 4,
            entries: 1,
        });
        assert!(!room.take_bytes(1) && !room.take_entry());
        room.removed(5, 2);
        assert!(room.take_bytes(1) && room.take_entry());
    }
}
