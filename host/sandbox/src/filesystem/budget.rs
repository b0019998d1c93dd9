//! The files that a call may open, hold, write and create, and those that it has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cofferdam_capability::Limits;

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
}

/// The call has used up one of its file limits, or all calls have used up the room in their `/tmp`.
#[derive(Debug, thiserror::Error)]
#[error("over the limit of the call")]
pub(crate) struct OverBudget;

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
                Err(OverBudget)
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
    pub(crate) fn new(limits: &Limits, scratch: Option<Arc<Share>>) -> Self {
        Self {
            scratch,
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
    pub(crate) fn write(&self, area: Area, bytes: u64) -> Result<(), OverBudget> {
        self.written.take(bytes)?;
        if self
            .shared(area)
            .is_some_and(|share| !share.take_bytes(bytes))
        {
            self.written.give_back(bytes);
            return Err(self.host_is_full());
        }
        Ok(())
    }

    /// Bytes that were not written after all.
    pub(crate) fn not_written(&self, area: Area, bytes: u64) {
        self.written.give_back(bytes);
        if let Some(share) = self.shared(area) {
            share.give_back_bytes(bytes);
        }
    }

    /// An entry that is about to be created.
    pub(crate) fn create(&self, area: Area) -> Result<(), OverBudget> {
        self.created.take(1)?;
        if self.shared(area).is_some_and(|share| !share.take_entry()) {
            self.created.give_back(1);
            return Err(self.host_is_full());
        }
        Ok(())
    }

    /// An entry that was not created after all.
    pub(crate) fn not_created(&self, area: Area) {
        self.created.give_back(1);
        if let Some(share) = self.shared(area) {
            share.give_back_entry();
        }
    }

    fn shared(&self, area: Area) -> Option<&Share> {
        self.scratch.as_deref().filter(|_| area == Area::Scratch)
    }

    fn host_is_full(&self) -> OverBudget {
        self.scratch_refused.fetch_add(1, Ordering::Relaxed);
        OverBudget
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
        FileUse {
            opened: self.opened.load(Ordering::Relaxed),
            written: self.written.used.load(Ordering::Relaxed),
            created: self.created.used.load(Ordering::Relaxed),
            refusals: refusals.into_iter().flatten().collect(),
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
    use super::*;
    use crate::scratch::Space;

    fn budget() -> Arc<FileBudget> {
        Arc::new(FileBudget::new(&Limits::DEFAULT, None))
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
        budget.write(Area::Granted, (64 << 20) - 1).unwrap();
        assert!(budget.write(Area::Granted, 2).is_err());
        assert!(budget.write(Area::Granted, u64::MAX).is_err());
        budget.write(Area::Granted, 1).unwrap();
        assert_eq!(budget.used().written, 64 << 20);
    }

    #[test]
    fn only_scratch_takes_from_the_room_of_all_calls() {
        let share = Arc::new(Arc::new(Space::new(10, 1)).share());
        let budget = FileBudget::new(&Limits::DEFAULT, Some(share));
        budget.write(Area::Granted, 100).unwrap();
        budget.create(Area::Granted).unwrap();
        budget.write(Area::Scratch, 10).unwrap();
        assert!(budget.write(Area::Scratch, 1).is_err());
        budget.not_written(Area::Scratch, 1);
        budget.write(Area::Scratch, 1).unwrap();
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
