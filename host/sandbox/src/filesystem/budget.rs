//! The files that a call may open, hold, write and create, and those that it has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cofferdam_capability::{Bytes, Count, Limits, Room, RoomCall};

use crate::scratch::Share;

/// The file limits of a call with what is used of them. Streams hold it too, and write from threads
/// of their own.
#[derive(Debug)]
pub(crate) struct FileBudget {
    open: Allowance,
    listing: Allowance,
    written: Allowance,
    created: Allowance,
    /// The call's part of the room that all calls have in their `/tmp`.
    scratch: Option<Arc<Share>>,
    /// Times that the host had no more of it.
    scratch_refused: AtomicU64,
    /// The room of the agent's files over all calls, if the call sees such files.
    room: Option<RoomCall>,
    /// Times that it had none left for bytes.
    bytes_refused: AtomicU64,
    /// Times that it had none left for an entry.
    entries_refused: AtomicU64,
    /// Everything that was ever opened, for the receipt.
    opened: AtomicU64,
    /// Refused opens of what is neither a file nor a directory.
    special: AtomicU64,
}

/// A limit, what is used of it, and how often more was refused.
#[derive(Debug)]
struct Allowance {
    max: u64,
    used: AtomicU64,
    refused: AtomicU64,
}

/// The use of the file limits of a call.
#[derive(Debug, Default)]
pub(crate) struct FileUse {
    pub(crate) opened: u64,
    pub(crate) written: u64,
    pub(crate) created: u64,
    /// One line for each kind of act that was refused, with how often.
    pub(crate) refusals: Vec<String>,
}

/// The area in which something is written or created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    /// In a granted directory.
    Granted,
    /// In the call's own `/tmp`, which takes from the room of all calls as well.
    Scratch,
    /// In a directory of the agent, whose files stay and have a room of their own.
    Kept,
}

/// Bytes that are about to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write {
    pub(crate) area: Area,
    /// All of them, with what a file gets before the first one.
    pub(crate) bytes: u64,
    /// The bytes by which a file becomes longer.
    pub(crate) growth: u64,
}

/// Something that may not be written or created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OverBudget {
    /// The call has used up one of its file limits, or all calls have used up the room in their
    /// `/tmp`.
    #[error("over the limit of the call")]
    Limit,
    /// The files of the agent have used up their room.
    #[error("the agent's files have used up their room")]
    Full,
}

/// An open file or directory. It counts until the last descriptor and stream on it is gone, because
/// until then the host holds the system's descriptor.
#[derive(Debug)]
pub(crate) struct Opened(Arc<FileBudget>);

/// The entries that an open listing holds.
#[derive(Debug)]
pub(crate) struct Listed {
    budget: Arc<FileBudget>,
    entries: u64,
}

impl Allowance {
    fn new(max: u64) -> Self {
        Self {
            max,
            used: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Takes `amount` whole or not at all.
    fn take(&self, amount: u64) -> Result<(), OverBudget> {
        let within = |used: u64| used.checked_add(amount).filter(|&used| used <= self.max);
        match self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, within)
        {
            Ok(_) => Ok(()),
            Err(_) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                Err(OverBudget::Limit)
            }
        }
    }

    fn give_back(&self, amount: u64) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
    }

    /// One line when anything was refused, with the key of the limit.
    fn refusal(&self, what: &str, name: &str) -> Option<String> {
        let refused = self.refused.load(Ordering::Relaxed);
        let line = || {
            let max = self.max;
            format!("{what}: {refused} refused beyond the limit of {max} (`{name}`)")
        };
        (refused > 0).then(line)
    }
}

impl FileBudget {
    pub(crate) fn new(
        limits: &Limits,
        scratch: Option<Arc<Share>>,
        room: Option<RoomCall>,
    ) -> Self {
        Self {
            scratch,
            room,
            bytes_refused: AtomicU64::new(0),
            entries_refused: AtomicU64::new(0),
            scratch_refused: AtomicU64::new(0),
            open: Allowance::new(limits.open_files.0),
            listing: Allowance::new(limits.listing_entries.0),
            written: Allowance::new(limits.written.0),
            created: Allowance::new(limits.entries_created.0),
            opened: AtomicU64::new(0),
            special: AtomicU64::new(0),
        }
    }

    /// A place for one more open file or directory. Taken before it is opened, so that the host
    /// never holds more.
    pub(crate) fn open(self: &Arc<Self>) -> Result<Opened, OverBudget> {
        self.open.take(1)?;
        Ok(Opened(Arc::clone(self)))
    }

    /// Counts an open that succeeded.
    pub(crate) fn was_opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an open of a device, a pipe or a socket, which is never passed on.
    pub(crate) fn special_refused(&self) {
        self.special.fetch_add(1, Ordering::Relaxed);
    }

    /// A listing that holds no entry yet.
    pub(crate) fn list(self: &Arc<Self>) -> Listed {
        Listed {
            budget: Arc::clone(self),
            entries: 0,
        }
    }

    /// Bytes that are about to be written, or by which a file is about to grow.
    pub(crate) fn write(&self, write: Write) -> Result<(), OverBudget> {
        let Write {
            area,
            bytes,
            growth,
        } = write;
        self.written.take(bytes)?;
        let refused = match area {
            Area::Granted => return Ok(()),
            Area::Scratch
                if self
                    .scratch
                    .as_ref()
                    .is_none_or(|share| share.take_bytes(bytes)) =>
            {
                return Ok(());
            }
            Area::Scratch => self.host_is_full(),
            Area::Kept if self.room().is_none_or(|room| room.take_bytes(growth)) => return Ok(()),
            Area::Kept => {
                self.bytes_refused.fetch_add(1, Ordering::Relaxed);
                OverBudget::Full
            }
        };
        self.written.give_back(bytes);
        Err(refused)
    }

    /// Bytes that were not written after all.
    pub(crate) fn not_written(&self, write: Write) {
        let Write {
            area,
            bytes,
            growth,
        } = write;
        self.written.give_back(bytes);
        match area {
            Area::Granted => {}
            Area::Scratch => {
                if let Some(share) = &self.scratch {
                    share.give_back_bytes(bytes);
                }
            }
            Area::Kept => {
                if let Some(room) = self.room() {
                    room.give_back(growth, 0);
                }
            }
        }
    }

    /// An entry that is about to be created.
    pub(crate) fn create(&self, area: Area) -> Result<(), OverBudget> {
        self.created.take(1)?;
        let refused = match area {
            Area::Granted => return Ok(()),
            Area::Scratch if self.scratch.as_ref().is_none_or(|share| share.take_entry()) => {
                return Ok(());
            }
            Area::Scratch => self.host_is_full(),
            Area::Kept if self.room().is_none_or(Room::take_entry) => return Ok(()),
            Area::Kept => {
                self.entries_refused.fetch_add(1, Ordering::Relaxed);
                OverBudget::Full
            }
        };
        self.created.give_back(1);
        Err(refused)
    }

    /// An entry that was not created after all.
    pub(crate) fn not_created(&self, area: Area) {
        self.created.give_back(1);
        match area {
            Area::Granted => {}
            Area::Scratch => {
                if let Some(share) = &self.scratch {
                    share.give_back_entry();
                }
            }
            Area::Kept => {
                if let Some(room) = self.room() {
                    room.give_back(0, 1);
                }
            }
        }
    }

    /// An entry that is about to get another name. Its room is the same; in `/tmp` it counts as one
    /// more.
    pub(crate) fn rename(&self, area: Area) -> Result<(), OverBudget> {
        match area {
            Area::Kept => self.created.take(1),
            Area::Granted | Area::Scratch => self.create(area),
        }
    }

    /// An entry that did not get another name after all.
    pub(crate) fn not_renamed(&self, area: Area) {
        match area {
            Area::Kept => self.created.give_back(1),
            Area::Granted | Area::Scratch => self.not_created(area),
        }
    }

    /// Bytes and entries that were removed.
    pub(crate) fn removed(&self, area: Area, bytes: u64, entries: u64) {
        if let (Area::Kept, Some(room)) = (area, self.room()) {
            room.removed(bytes, entries);
        }
    }

    /// Something happened in an area that cannot be followed: a write that failed half-way, or one
    /// to a file that has no name any more.
    pub(crate) fn doubt(&self, area: Area) {
        if let (Area::Kept, Some(room)) = (area, self.room()) {
            room.doubt();
        }
    }

    fn room(&self) -> Option<&Room> {
        self.room.as_ref().map(RoomCall::room)
    }

    fn host_is_full(&self) -> OverBudget {
        self.scratch_refused.fetch_add(1, Ordering::Relaxed);
        OverBudget::Limit
    }

    /// Lines about the room of the agent's files.
    fn room_refusals(&self) -> [Option<String>; 2] {
        let bounds = self.room().map(Room::bounds);
        let bytes = self.bytes_refused.load(Ordering::Relaxed);
        let entries = self.entries_refused.load(Ordering::Relaxed);
        let line = |what: &str, refused: u64, most: String, key: &str| {
            format!(
                "{what} in the agent's files: {refused} refused, because over all calls they have \
                 at most {most} (`{key}`)"
            )
        };
        [
            bounds.filter(|_| bytes > 0).map(|bounds| {
                let most = Bytes(bounds.bytes).to_string();
                line("bytes", bytes, most, "workspace-bytes")
            }),
            bounds.filter(|_| entries > 0).map(|bounds| {
                let most = Count(bounds.entries).to_string();
                line("entries", entries, most, "workspace-entries")
            }),
        ]
    }

    pub(crate) fn used(&self) -> FileUse {
        let special = self.special.load(Ordering::Relaxed);
        let scratch = self.scratch_refused.load(Ordering::Relaxed);
        let refusals = [
            self.open.refusal("open files", "open-files"),
            self.listing
                .refusal("directory entries in listings", "listing-entries"),
            self.written.refusal("bytes written", "written"),
            self.created.refusal("entries created", "entries-created"),
            (scratch > 0).then(|| {
                format!(
                    "/tmp: {scratch} refused because all calls have filled the host's scratch space"
                )
            }),
            (special > 0).then(|| format!("devices, pipes and sockets: {special} refused")),
        ];
        let refusals = refusals.into_iter().chain(self.room_refusals());
        FileUse {
            opened: self.opened.load(Ordering::Relaxed),
            written: self.written.used.load(Ordering::Relaxed),
            created: self.created.used.load(Ordering::Relaxed),
            refusals: refusals.flatten().collect(),
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.open.give_back(1);
    }
}

impl Listed {
    /// Room for one more entry. Taken before it is held.
    pub(crate) fn one_more(&mut self) -> Result<(), OverBudget> {
        self.budget.listing.take(1)?;
        self.entries += 1;
        Ok(())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.budget.listing.give_back(self.entries);
    }
}

#[cfg(test)]
mod tests {
    use cofferdam_capability::RoomBounds;

    use super::*;
    use crate::scratch::Space;

    fn budget() -> Arc<FileBudget> {
        Arc::new(FileBudget::new(&Limits::DEFAULT, None, None))
    }

    /// Bytes that a file did not have before.
    fn write(area: Area, bytes: u64) -> Write {
        Write {
            area,
            bytes,
            growth: bytes,
        }
    }

    #[test]
    fn a_place_is_free_again_when_its_last_holder_is_gone() {
        let budget = budget();
        let mut held: Vec<_> = (0..64).map(|_| Arc::new(budget.open().unwrap())).collect();
        let stream = held[0].clone();
        assert!(budget.open().is_err());
        held.remove(0);
        assert!(budget.open().is_err(), "a stream still holds it");
        drop(stream);
        assert!(budget.open().is_ok());
        assert_eq!(
            budget.used().refusals,
            ["open files: 2 refused beyond the limit of 64 (`open-files`)"]
        );
    }

    #[test]
    fn an_amount_is_taken_whole_or_not_at_all() {
        let budget = budget();
        budget.write(write(Area::Granted, (64 << 20) - 1)).unwrap();
        assert!(budget.write(write(Area::Granted, 2)).is_err());
        assert!(budget.write(write(Area::Granted, u64::MAX)).is_err());
        budget.write(write(Area::Granted, 1)).unwrap();
        assert_eq!(budget.used().written, 64 << 20);
    }

    #[test]
    fn only_scratch_takes_from_the_room_of_all_calls() {
        let share = Arc::new(Arc::new(Space::new(10, 1)).share());
        let budget = FileBudget::new(&Limits::DEFAULT, Some(share), None);
        budget.write(write(Area::Granted, 100)).unwrap();
        budget.create(Area::Granted).unwrap();
        budget.write(write(Area::Scratch, 10)).unwrap();
        assert!(budget.write(write(Area::Scratch, 1)).is_err());
        budget.not_written(write(Area::Scratch, 1));
        budget.write(write(Area::Scratch, 1)).unwrap();
        budget.create(Area::Scratch).unwrap();
        assert!(budget.create(Area::Scratch).is_err());
        let used = budget.used();
        assert_eq!(
            (used.written, used.created),
            (110, 2),
            "what was refused does not count"
        );
        assert_eq!(
            used.refusals,
            ["/tmp: 2 refused because all calls have filled the host's scratch space"]
        );
    }

    #[test]
    fn kept_files_take_from_their_room_what_they_grow() {
        let room = Room::new(RoomBounds {
            bytes: 10,
            entries: 1,
        });
        room.begin_count().unwrap().finish(0, 0);
        let budget = FileBudget::new(&Limits::DEFAULT, None, Some(room.begin_call()));
        let over = |growth| Write {
            area: Area::Kept,
            bytes: 100,
            growth,
        };
        budget.write(over(10)).unwrap();
        budget.write(over(0)).unwrap();
        assert!(matches!(budget.write(over(1)), Err(OverBudget::Full)));
        budget.create(Area::Kept).unwrap();
        budget.rename(Area::Kept).unwrap();
        assert!(matches!(budget.create(Area::Kept), Err(OverBudget::Full)));
        budget.removed(Area::Kept, 1, 1);
        budget.write(over(1)).unwrap();
        budget.create(Area::Kept).unwrap();
        let used = budget.used();
        assert_eq!((used.written, used.created), (300, 3));
        assert_eq!(
            used.refusals,
            [
                "bytes in the agent's files: 1 refused, because over all calls they have at most \
                 10B (`workspace-bytes`)",
                "entries in the agent's files: 1 refused, because over all calls they have at most \
                 1 (`workspace-entries`)"
            ]
        );
    }

    #[test]
    fn entries_of_a_listing_count_while_it_is_open() {
        let budget = budget();
        let mut listed = budget.list();
        (0..16_384).for_each(|_| listed.one_more().unwrap());
        let mut other = budget.list();
        assert!(listed.one_more().is_err() && other.one_more().is_err());
        drop(listed);
        other.one_more().unwrap();
    }
}
