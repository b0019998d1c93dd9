//! Paths as the kernel follows them, for the receipt: a path that is too long for it can be one
//! that goes back and forth.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};

/// The path from `dir` of an entry that is reached by `path` from there, without `..` and links
/// before its last name. Nothing where the kernel does not say.
pub(super) fn resolved(dir: &File, path: &str) -> Option<String> {
    let (parent, name) = path.trim_end_matches('/').rsplit_once('/')?;
    let parent = rustix::fs::openat2(
        dir,
        parent,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS,
    );
    let parent = location(parent.ok()?)?;
    let below = parent.strip_prefix(location(dir)?).ok()?;
    Some(below.join(name).to_str()?.to_owned())
}

/// The path of an open directory on the host.
fn location(dir: impl AsFd) -> Option<PathBuf> {
    let link = format!("/proc/self/fd/{}", dir.as_fd().as_raw_fd());
    let target = rustix::fs::readlink(link, Vec::new()).ok()?;
    Some(Path::new(target.to_str().ok()?).to_owned())
}
