//! Directories of the host that lie in one another, whatever names guests know them by.
//!
//! Ancestors are found by walking `..` from descriptor to descriptor and comparing device and inode. Text would be wrong
//! where a directory was moved since it was opened, where it was reached through a symbolic link, and where it was
//! removed; `/proc/self/fd` is text too. A directory that is mounted a second time elsewhere (a bind mount) is not
//! recognized below its mount point: only root makes those.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags, fstat, openat};

use crate::error::GrantError;
use crate::preopen::Preopen;

/// Directories above one that are looked at. A path of 4,096 bytes, the longest Linux resolves, has at most half as many.
const MAX_DEPTH: usize = 2_048;

/// Device and inode: what makes two descriptors the same directory.
type Identity = (u64, u64);

/// Refuses a directory that lies in another one of different access, because through the outer one its restriction would
/// not hold.
pub(crate) fn refuse(preopens: &[Preopen]) -> Result<(), GrantError> {
    for inner in preopens {
        let other = |outer: &&Preopen| outer.access() != inner.access();
        if !preopens.iter().any(|outer| other(&outer)) {
            continue;
        }
        let wrong = |source| GrantError::Open { path: format!("the directories above {}", inner.guest()), source };
        let above = ancestry(inner.dir()).map_err(wrong)?;
        for outer in preopens.iter().filter(other) {
            if above.contains(&identity(outer.dir()).map_err(wrong)?) {
                return Err(GrantError::HostOverlap {
                    inner: inner.guest().clone(),
                    inner_access: inner.access(),
                    outer: outer.guest().clone(),
                    outer_access: outer.access(),
                });
            }
        }
    }
    Ok(())
}

/// The directory and everything above it, up to the root.
fn ancestry(dir: impl AsFd) -> io::Result<Vec<Identity>> {
    let mut identities = vec![identity(&dir)?];
    let mut at = above(dir)?;
    while identities.len() < MAX_DEPTH {
        let next = identity(&at)?;
        if identities.last() == Some(&next) {
            // The root is its own parent.
            return Ok(identities);
        }
        identities.push(next);
        at = above(at)?;
    }
    Err(io::Error::other(format!("more than {MAX_DEPTH} directories lie above it")))
}

fn above(dir: impl AsFd) -> io::Result<OwnedFd> {
    Ok(openat(dir, "..", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

fn identity(dir: impl AsFd) -> io::Result<Identity> {
    let stat = fstat(dir)?;
    Ok((stat.st_dev, stat.st_ino))
}
