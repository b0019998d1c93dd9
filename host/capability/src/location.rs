//! The place of a directory of the host, whatever names lead to it.
//!
//! Ancestors are found by walking `..` from descriptor to descriptor and comparing device and
//! inode. Text would be wrong where a directory was moved since it was opened, where it was reached
//! through a symbolic link, and where it was removed. Above a mount point that way leads on in the
//! tree that the process sees; a directory that is mounted a second time elsewhere (a bind mount,
//! as containers have them) is found by its path within its file system.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use rustix::fs::{AtFlags, Mode, OFlags, StatxFlags, fstat, openat, statx};

/// Directories above one that are looked at. A path of 4,096 bytes, the longest Linux resolves, has
/// at most half as many.
const MAX_DEPTH: usize = 2_048;

/// The longest table of mounts that is read, in bytes: tens of thousands of mounts.
pub(crate) const MAX_MOUNTS: u64 = 16 << 20;

/// A directory, and all that it lies in.
#[derive(Debug, Clone)]
pub struct Location {
    /// The directory and everything above it, up to the root.
    identities: Vec<Identity>,
    /// Unknown where the system does not tell.
    place: Option<DevicePath>,
}

/// Device and inode: two descriptors with the same ones are the same directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// A path within a file system, wherever that is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DevicePath {
    /// Major and minor number, as the table of mounts writes them.
    device: OsString,
    path: PathBuf,
}

impl Location {
    /// Finds out where an open directory lies.
    ///
    /// # Errors
    ///
    /// More directories lie above it than a path can name, or the system does not let one of them
    /// be looked at.
    pub fn of(dir: impl AsFd) -> io::Result<Self> {
        let mut identities = vec![identity(&dir)?];
        let mut at = above(&dir)?;
        while identities.len() < MAX_DEPTH {
            let next = identity(&at)?;
            if identities.last() == Some(&next) {
                // The root is its own parent.
                return Ok(Self {
                    identities,
                    place: place(&dir)?,
                });
            }
            identities.push(next);
            at = above(at)?;
        }
        Err(io::Error::other(format!(
            "more than {MAX_DEPTH} directories lie above it"
        )))
    }

    /// Finds out where an open file lies that is no directory, as far as the table of mounts says.
    ///
    /// # Errors
    ///
    /// The system does not let it be looked at.
    pub(crate) fn of_file(file: impl AsFd) -> io::Result<Self> {
        Ok(Self {
            identities: vec![identity(&file)?],
            place: place(file)?,
        })
    }

    /// Returns true if the directory is the other one or lies in it.
    pub fn lies_in(&self, outer: &Self) -> bool {
        let above = outer
            .identities
            .first()
            .is_some_and(|outer| self.identities.contains(outer));
        let within = self.place.as_ref().zip(outer.place.as_ref());
        above
            || within.is_some_and(|(own, outer)| {
                own.device == outer.device && own.path.starts_with(&outer.path)
            })
    }
}

fn above(dir: impl AsFd) -> io::Result<OwnedFd> {
    Ok(openat(
        dir,
        "..",
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}

fn identity(dir: impl AsFd) -> io::Result<Identity> {
    let stat = fstat(dir)?;
    Ok(Identity {
        device: stat.st_dev,
        inode: stat.st_ino,
    })
}

/// The place of a directory, by the row of its mount in the table of mounts
/// (`proc_pid_mountinfo(5)`): id, parent, device, root within the file system, mount point.
fn place(dir: impl AsFd) -> io::Result<Option<DevicePath>> {
    let path = std::fs::read_link(format!("/proc/self/fd/{}", dir.as_fd().as_raw_fd()));
    let (Ok(path), Ok(table)) = (path, std::fs::File::open("/proc/self/mountinfo")) else {
        return Ok(None);
    };
    let mount = statx(dir, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
    if mount.stx_mask & StatxFlags::MNT_ID.bits() == 0 {
        return Ok(None);
    }
    let mut rows = Vec::new();
    let id = mount.stx_mnt_id.to_string();
    table.take(MAX_MOUNTS).read_to_end(&mut rows)?;
    for row in rows.split(|byte| *byte == b'\n') {
        let fields: Vec<&[u8]> = row.split(|byte| *byte == b' ').take(5).collect();
        let [own, _, device, root, point] = fields[..] else {
            continue;
        };
        if own == id.as_bytes() {
            let root = unescaped(root);
            let point = unescaped(point);
            let below = path.strip_prefix(point).ok().map(|below| root.join(below));
            let device = std::ffi::OsStr::from_bytes(device).to_owned();
            return Ok(below.map(|path| DevicePath { device, path }));
        }
    }
    Ok(None)
}

/// Blanks, line breaks and backslashes are written as three octal digits.
pub(crate) fn unescaped(text: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..3)
            .filter(|_| *first == b'\\')
            .and_then(|digits| str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_in_mount_points_are_read() {
        assert_eq!(unescaped(br"/a\040b\134c\"), PathBuf::from(r"/a b\c\"));
        assert_eq!(unescaped(b"/plain"), PathBuf::from("/plain"));
    }
}
