//! Removes a tree that a guest made, whatever its shape.
//!
//! Nothing recurses and few descriptors are open: a directory below the second level is first moved
//! up to the top, so a tree is as wide as it likes and never deep. Symbolic links are removed and
//! never followed, and every step is relative to a descriptor.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{
    AtFlags, Dir, Mode, OFlags, RenameFlags, chmodat, openat, renameat_with, unlinkat,
};
use rustix::io::Errno;

/// Entries that are read before they are removed.
const BATCH: usize = 512;

/// Opens a directory to list and empty it. A symbolic link in its place is an error.
pub(super) fn open(parent: impl AsFd, name: impl rustix::path::Arg) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(parent, name, flags, Mode::empty())?)
}

/// Removes the directory `name` with everything in it. It is no error when it is not there.
pub(super) fn remove(parent: impl AsFd, name: &str) -> io::Result<()> {
    let top = match open(&parent, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        top => top?,
    };
    let mut lifted = Lifted { next: 0 };
    loop {
        let batch = batch(&top)?;
        if batch.is_empty() {
            return gone(unlinkat(parent, name, AtFlags::REMOVEDIR));
        }
        for name in batch {
            if !remove_one(&top, &name)? {
                lifted.flatten(&top, &name)?;
            }
        }
    }
}

/// Names for directories that were moved to the top.
struct Lifted {
    next: u64,
}

impl Lifted {
    /// Empties the directory `name` of `top`, moving what is not empty in it to the top, and
    /// removes it.
    fn flatten(&mut self, top: &OwnedFd, name: &CString) -> io::Result<()> {
        let dir = writable(top, name)?;
        loop {
            let batch = batch(&dir)?;
            if batch.is_empty() {
                return gone(unlinkat(top, name, AtFlags::REMOVEDIR));
            }
            for inner in batch {
                if !remove_one(&dir, &inner)? {
                    // To be moved, a directory must be writable itself: its `..` changes.
                    drop(writable(&dir, &inner)?);
                    self.lift(&dir, &inner, top)?;
                }
            }
        }
    }

    /// Moves a directory to the top under a name that is free there.
    fn lift(&mut self, dir: &OwnedFd, name: &CString, top: &OwnedFd) -> io::Result<()> {
        loop {
            let free = format!("lifted-{}", self.next);
            self.next += 1;
            match renameat_with(dir, name, top, free, RenameFlags::NOREPLACE) {
                Err(Errno::EXIST) => {}
                moved => return gone(moved),
            }
        }
    }
}

/// Opens a directory after giving its owner every right to it.
fn writable(parent: &OwnedFd, name: &CString) -> io::Result<OwnedFd> {
    match open(parent, name) {
        Ok(dir) => {
            rustix::fs::fchmod(&dir, Mode::RWXU)?;
            Ok(dir)
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            chmodat(parent, name, Mode::RWXU, AtFlags::empty())?;
            open(parent, name)
        }
        Err(error) => Err(error),
    }
}

/// Removes one entry. `false` for a directory that is not empty.
fn remove_one(dir: &OwnedFd, name: &CString) -> io::Result<bool> {
    match unlinkat(dir, name, AtFlags::empty()) {
        Err(Errno::ISDIR) => {}
        removed => return gone(removed).map(|()| true),
    }
    match unlinkat(dir, name, AtFlags::REMOVEDIR) {
        Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
        removed => gone(removed).map(|()| true),
    }
}

fn gone(result: Result<(), Errno>) -> io::Result<()> {
    match result {
        Err(Errno::NOENT) => Ok(()),
        result => Ok(result?),
    }
}

fn batch(dir: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name.to_owned());
        }
        if names.len() >= BATCH {
            break;
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with a `tree` in it, and one beside it that must stay.
    fn planted() -> (tempfile::TempDir, std::fs::File) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("tree")).unwrap();
        std::fs::create_dir_all(dir.path().join("outside")).unwrap();
        std::fs::write(dir.path().join("outside/file"), "stays").unwrap();
        let parent = std::fs::File::open(dir.path()).unwrap();
        (dir, parent)
    }

    #[test]
    fn a_tree_deeper_than_any_path_is_removed() {
        let (dir, parent) = planted();
        let mut at = open(&parent, "tree").unwrap();
        for _ in 0..5_000 {
            rustix::fs::mkdirat(&at, "a-directory", Mode::RWXU).unwrap();
            at = open(&at, "a-directory").unwrap();
        }
        remove(&parent, "tree").unwrap();
        assert!(!dir.path().join("tree").exists());
    }

    #[test]
    fn a_wide_tree_is_removed() {
        let (dir, parent) = planted();
        for outer in 0..3 {
            let outer = dir.path().join(format!("tree/{outer}"));
            std::fs::create_dir_all(outer.join("lifted-0/inner")).unwrap();
            for file in 0..BATCH {
                std::fs::write(outer.join(file.to_string()), "").unwrap();
            }
        }
        remove(&parent, "tree").unwrap();
        assert!(!dir.path().join("tree").exists());
    }

    #[test]
    fn links_are_removed_and_not_followed() {
        let (dir, parent) = planted();
        let tree = dir.path().join("tree");
        std::os::unix::fs::symlink("../outside", tree.join("relative")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("outside"), tree.join("absolute")).unwrap();
        std::os::unix::fs::symlink("itself", tree.join("itself")).unwrap();
        std::fs::hard_link(dir.path().join("outside/file"), tree.join("hard")).unwrap();
        remove(&parent, "tree").unwrap();
        assert_eq!(
            std::fs::read_to_string(dir.path().join("outside/file")).unwrap(),
            "stays"
        );
        // Nor when the tree itself is one.
        std::os::unix::fs::symlink("outside", &tree).unwrap();
        remove(&parent, "tree").unwrap_err();
        assert!(dir.path().join("outside/file").exists());
    }

    #[test]
    fn directories_without_rights_are_removed() {
        use std::os::unix::fs::PermissionsExt;
        let (dir, parent) = planted();
        let outer = dir.path().join("tree/outer");
        std::fs::create_dir_all(outer.join("inner/innermost")).unwrap();
        for path in [outer.join("inner/innermost"), outer.join("inner"), outer] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap();
        }
        remove(&parent, "tree").unwrap();
        assert!(!dir.path().join("tree").exists());
    }

    #[test]
    fn what_is_not_there_is_removed_already() {
        let (_dir, parent) = planted();
        remove(&parent, "nothing").unwrap();
    }
}
