//! `/tmp`: a directory for one call, empty when it starts and removed when it ends.
//!
//! Each process has a directory of its own in the one the engine was given, under a lock that the
//! system releases with the process, however it ends. A starting engine removes the directories
//! that nobody holds any more; a host and commands beside it on the same data directory never touch
//! each other's.

mod space;
mod wipe;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::{Dir, DirBuilder, DirBuilderExt};
use rustix::fs::{AtFlags, FlockOperation, flock, fstat, statat};
use rustix::io::Errno;
use tokio::task::spawn_blocking;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

pub(crate) use space::{Share, Space};

/// Times that a name is tried before the scratch directory counts as unusable. Each failure means
/// that another process took the directory for a leftover between its making and its locking.
const ATTEMPTS: usize = 16;

/// Times that a call's directory is wiped again when something appeared in it meanwhile: a call
/// that was stopped can have one last file operation under way, which nothing can take back.
const WIPES: usize = 3;

/// This process's part of the scratch directory.
#[derive(Debug)]
pub(crate) struct Scratch {
    root: Dir,
    name: String,
    dir: Dir,
    /// Held for as long as the process may use it.
    _lock: OwnedFd,
    /// The next call's number.
    next: AtomicU64,
    /// The room of all calls.
    space: Arc<Space>,
    /// The directories that are there.
    used: TaskTracker,
}

/// The scratch directory of one call. It is removed when this is dropped, and waited for by
/// [`CallScratch::remove`].
#[derive(Debug)]
pub(crate) struct CallScratch {
    scratch: Arc<Scratch>,
    name: String,
    dir: Dir,
    /// The room that its files take; held until the directory is gone.
    share: Arc<Share>,
    /// Nothing once somebody removes it.
    used: Option<TaskTrackerToken>,
}

impl Scratch {
    /// Removes what dead processes left in `root`, and makes this one's directory, with `space` for
    /// all calls together.
    pub(crate) fn open(root: Dir, space: Space) -> io::Result<Self> {
        sweep(&root)?;
        for _ in 0..ATTEMPTS {
            let mut random = [0; 8];
            rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
            let name = format!("{}-{:016x}", std::process::id(), u64::from_ne_bytes(random));
            make(&root, &name)?;
            if let Some(lock) = locked(&root, &name)? {
                let dir = root.open_dir(&name)?;
                let next = AtomicU64::new(0);
                let space = Arc::new(space);
                return Ok(Self {
                    root,
                    name,
                    dir,
                    _lock: lock,
                    next,
                    space,
                    used: TaskTracker::new(),
                });
            }
        }
        Err(io::Error::other(
            "other processes remove what this one makes in it",
        ))
    }

    /// An empty directory for a call.
    pub(crate) fn for_call(self: &Arc<Self>) -> io::Result<CallScratch> {
        let name = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        make(&self.dir, &name)?;
        let dir = self.dir.open_dir(&name)?;
        let share = Arc::new(self.space.share());
        let used = Some(self.used.token());
        Ok(CallScratch {
            scratch: Arc::clone(self),
            name,
            dir,
            share,
            used,
        })
    }

    /// Waits until no directory is in use and all are removed.
    pub(crate) async fn emptied(&self) {
        self.used.close();
        self.used.wait().await;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is a leftover for the next engine.
        let _ = wipe::remove(&self.root, &self.name);
    }
}

impl CallScratch {
    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    pub(crate) fn share(&self) -> &Arc<Share> {
        &self.share
    }

    /// Removes the directory with everything in it, and returns when it is gone.
    pub(crate) async fn remove(mut self) {
        if let Some(used) = self.used.take() {
            // A task that is not run any more belongs to a process that ends: its directory is then
            // a leftover.
            let _ = spawn_blocking(self.removal(used)).await;
        }
    }

    fn removal(&mut self, used: TaskTrackerToken) -> impl FnOnce() + Send + 'static {
        let scratch = Arc::clone(&self.scratch);
        let name = std::mem::take(&mut self.name);
        let share = Arc::clone(&self.share);
        move || {
            remove(&scratch, &name, &share);
            drop(used);
        }
    }
}

impl Drop for CallScratch {
    /// The way of a call that nobody waits for any more.
    fn drop(&mut self) {
        let Some(used) = self.used.take() else { return };
        let removal = self.removal(used);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(removal)),
            Err(_) => removal(),
        }
    }
}

fn remove(scratch: &Scratch, name: &str, share: &Share) {
    let mut result = Ok(());
    for _ in 0..WIPES {
        result = wipe::remove(&scratch.dir, name);
        if result.is_ok() {
            return;
        }
    }
    if let Err(error) = result {
        share.keep();
        tracing::error!("a call's scratch directory stays until the next start: {error}");
    }
}

/// A directory for this user alone.
fn make(parent: &Dir, name: &str) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    parent.create_dir_with(name, &builder)
}

/// Locks a directory, if it is still there and nobody else holds it.
fn locked(root: &Dir, name: &str) -> io::Result<Option<OwnedFd>> {
    let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let dir = match wipe::open(root, name) {
        Err(error) if gone(&error) => return Ok(None),
        dir => dir?,
    };
    match flock(&dir, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => return Ok(None),
        locked => locked?,
    }
    // Whoever held it before may have removed it.
    let held = fstat(&dir)?;
    let named = statat(root, name, AtFlags::SYMLINK_NOFOLLOW);
    let same = named.is_ok_and(|named| (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino));
    Ok(same.then_some(dir))
}

/// Removes what no living process holds.
fn sweep(root: &Dir) -> io::Result<()> {
    for entry in root.entries()? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !entry.file_type()?.is_dir() {
            continue;
        }
        if let Some(_lock) = locked(root, &name)? {
            wipe::remove(root, &name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cap_std::ambient_authority;

    #[allow(clippy::disallowed_methods, reason = "a test's own directory")]
    fn root(dir: &tempfile::TempDir) -> Dir {
        Dir::open_ambient_dir(dir.path(), ambient_authority()).unwrap()
    }

    fn names(dir: &tempfile::TempDir) -> usize {
        std::fs::read_dir(dir.path()).unwrap().count()
    }

    #[test]
    fn a_call_finds_it_empty_and_leaves_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let scratch = Arc::new(Scratch::open(root(&temporary), Space::new(1 << 20, 16)).unwrap());
        let call = scratch.for_call().unwrap();
        assert_eq!(call.dir().entries().unwrap().count(), 0);
        call.dir().write("file", "text").unwrap();
        let other = scratch.for_call().unwrap();
        assert_eq!(other.dir().entries().unwrap().count(), 0);
        drop((call, other));
        assert_eq!(scratch.dir.entries().unwrap().count(), 0);
        drop(scratch);
        assert_eq!(names(&temporary), 0);
    }

    #[test]
    fn a_leftover_is_removed_and_a_living_one_stays() {
        let temporary = tempfile::tempdir().unwrap();
        let living = Arc::new(Scratch::open(root(&temporary), Space::new(1 << 20, 16)).unwrap());
        let call = living.for_call().unwrap();
        call.dir().write("file", "text").unwrap();
        root(&temporary).create_dir_all("1-dead/0/deep").unwrap();
        root(&temporary)
            .write("1-dead/0/deep/file", "text")
            .unwrap();
        let second = Scratch::open(root(&temporary), Space::new(1 << 20, 16)).unwrap();
        assert!(!temporary.path().join("1-dead").exists());
        assert_eq!(call.dir().read_to_string("file").unwrap(), "text");
        assert_eq!(names(&temporary), 2);
        drop(second);
        assert_eq!(names(&temporary), 1);
    }
}
