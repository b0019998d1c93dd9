//! Detects if memory of this process may be written to swap.
//!
//! A page of a guest that lies in swap is dirty and not present. The engine's `pagemap_scan`
//! overlooks such pages, so the pool resets by scanning only while there can be none. Swap may be
//! switched on while the host runs, so this is asked before every call.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Lists the swap areas of the machine, one a line after a heading. It can be polled for changes.
const SWAPS: &str = "/proc/swaps";

/// The control group of this process.
const CONTROL_GROUP: &str = "/proc/self/cgroup";

/// The mount point of control groups (version 2).
const CONTROL_GROUPS: &str = "/sys/fs/cgroup";

/// Time after which the list is read again even if no change was reported: for kernels that do not
/// report one.
const REREAD: Duration = Duration::from_secs(1);

/// Maximum bytes that are read of each file. A list with one swap area is longer than its heading
/// alone.
const MAX_READ: usize = 4 << 10;

/// Watches the swap of the machine.
#[derive(Debug)]
pub(crate) struct Swap {
    swaps: Option<File>,
    group: Option<Group>,
    /// At the last look there was a swap area.
    present: AtomicBool,
    started: Instant,
    /// Milliseconds from `started` to the last look.
    looked: AtomicU64,
}

/// The control group that this process was started in.
#[derive(Debug)]
struct Group {
    membership: File,
    began_in: Vec<u8>,
    /// The most that the group may have in swap.
    swap_max: File,
    /// Its pages there: those that went out while it was allowed stay out.
    swap_current: File,
    /// This process was seen in another group, whose pages may be in swap and are counted there.
    was_elsewhere: AtomicBool,
}

impl Swap {
    /// Begins to watch.
    pub(crate) fn watch() -> Self {
        Self::of(
            Path::new(SWAPS),
            Path::new(CONTROL_GROUP),
            Path::new(CONTROL_GROUPS),
        )
    }

    fn of(swaps: &Path, membership: &Path, groups: &Path) -> Self {
        let swap = Self {
            swaps: open(swaps),
            group: Group::of(membership, groups),
            present: AtomicBool::new(true),
            started: Instant::now(),
            looked: AtomicU64::new(0),
        };
        swap.look();
        swap
    }

    /// Returns true if a page of this process may be in swap, or if that cannot be known.
    pub(crate) fn is_possible(&self) -> bool {
        let now = millis(self.started);
        let since = now.saturating_sub(self.looked.load(Ordering::Relaxed));
        if self.has_changed() || u128::from(since) >= REREAD.as_millis() {
            self.looked.store(now, Ordering::Relaxed);
            self.look();
        }
        self.present.load(Ordering::Acquire)
            && !self.group.as_ref().is_some_and(Group::forbids_swap)
    }

    /// Returns true if the kernel reports that a swap area was added or removed since the last
    /// question.
    fn has_changed(&self) -> bool {
        let Some(swaps) = &self.swaps else {
            return false;
        };
        let mut asked = [PollFd::new(swaps, PollFlags::PRI)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        match poll(&mut asked, Some(&now)) {
            Ok(_) => asked
                .iter()
                .any(|file| file.revents().intersects(PollFlags::PRI | PollFlags::ERR)),
            Err(_) => true,
        }
    }

    fn look(&self) {
        let text = self.swaps.as_ref().and_then(read);
        // The heading is always there. A file that cannot be read leaves open what is in swap.
        let present =
            text.is_none_or(|text| text.iter().filter(|byte| **byte == b'\n').count() != 1);
        self.present.store(present, Ordering::Release);
    }
}

impl Group {
    /// `None` where control groups are of version 1, or there are none.
    fn of(membership: &Path, groups: &Path) -> Option<Self> {
        let membership = open(membership)?;
        let began_in = read(&membership)?;
        let text = str::from_utf8(&began_in).ok()?;
        let path = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let own = groups.join(path);
        let swap_max = open(&own.join("memory.swap.max"))?;
        let swap_current = open(&own.join("memory.swap.current"))?;
        Some(Self {
            membership,
            began_in,
            swap_max,
            swap_current,
            was_elsewhere: AtomicBool::new(false),
        })
    }

    /// Returns true if this process has always been in its group, and the group may not swap and
    /// has nothing in swap.
    fn forbids_swap(&self) -> bool {
        let nothing = |file| read(file).is_some_and(|bytes| bytes == b"0\n");
        if read(&self.membership).is_none_or(|group| group != self.began_in) {
            self.was_elsewhere.store(true, Ordering::Release);
        }
        // The limit first: with it in force, nothing more goes out after the second look.
        !self.was_elsewhere.load(Ordering::Acquire)
            && nothing(&self.swap_max)
            && nothing(&self.swap_current)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "files of the kernel about this process, named by constants"
)]
fn open(path: &Path) -> Option<File> {
    File::open(path).ok()
}

fn read(file: &File) -> Option<Vec<u8>> {
    let mut text = vec![0; MAX_READ];
    let len = file.read_at(&mut text, 0).ok()?;
    text.truncate(len);
    Some(text)
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

    /// A machine with these swap areas, and a control group with this limit.
    fn watched(areas: &str, swap_max: Option<&str>) -> (tempfile::TempDir, Swap) {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("swaps", &format!("{HEADING}{areas}"));
        write("membership", "0::/slice\n");
        std::fs::create_dir(dir.path().join("slice")).unwrap();
        if let Some(most) = swap_max {
            write("slice/memory.swap.max", most);
            write("slice/memory.swap.current", "0\n");
        }
        let at = |name: &str| dir.path().join(name);
        let swap = Swap::of(&at("swaps"), &at("membership"), dir.path());
        (dir, swap)
    }

    #[test]
    fn a_machine_without_swap_areas_does_not_swap() {
        assert!(!watched("", None).1.is_possible());
        assert!(watched("/swapfile file 1 0 -2\n", None).1.is_possible());
        assert!(
            watched("/swapfile file 1 0 -2\n", Some("max\n"))
                .1
                .is_possible()
        );
    }

    #[test]
    fn a_group_that_may_not_swap_counts_while_the_process_is_in_it() {
        let (dir, swap) = watched("/swapfile file 1 0 -2\n", Some("0\n"));
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        assert!(!swap.is_possible());
        write("slice/memory.swap.max", "max\n");
        assert!(swap.is_possible());
        write("slice/memory.swap.max", "0\n");
        assert!(!swap.is_possible());
        // What went out in another group is not counted in this one.
        write("membership", "0::/elsewhere\n");
        assert!(swap.is_possible());
        write("membership", "0::/slice\n");
        assert!(swap.is_possible());
    }

    #[test]
    fn pages_that_went_out_while_a_group_was_allowed_to_swap_count() {
        let (dir, swap) = watched("/swapfile file 1 0 -2\n", Some("0\n"));
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        // The limit was raised and set back while a call ran.
        write("slice/memory.swap.current", "25165824\n");
        assert!(swap.is_possible());
        write("slice/memory.swap.current", "0\n");
        assert!(!swap.is_possible());
        std::fs::remove_file(dir.path().join("slice/memory.swap.current")).unwrap();
        assert!(
            Swap::of(
                &dir.path().join("swaps"),
                &dir.path().join("membership"),
                dir.path()
            )
            .is_possible()
        );
    }

    #[test]
    fn a_machine_that_does_not_tell_counts_as_one_that_swaps() {
        let dir = tempfile::tempdir().unwrap();
        let nothing = dir.path().join("nothing");
        assert!(Swap::of(&nothing, &nothing, &nothing).is_possible());
    }
}
