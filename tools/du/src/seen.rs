//! A file by its identity, so that none is counted twice.

use std::collections::HashSet;
use std::io;

use rustix::fs::{FileType, Stat};

/// Bytes in which most file systems give out room.
const BLOCK: u64 = 4096;

/// Symbolic links of up to so many bytes take no room of their own on most file systems.
const SHORT_LINK: u64 = 60;

/// A file as the sandbox shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    identity: Identity,
    pub(crate) kind: FileType,
    links: u64,
    /// Bytes that can be read from it.
    pub(crate) length: u64,
}

/// The numbers of the file system and of the file on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Identity {
    device: u64,
    number: u64,
}

/// Files that were counted.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashSet<Identity>);

impl Found {
    /// Looks at a file, or at the symbolic link itself.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn at(path: &str, follow: bool) -> io::Result<Self> {
        let itself = Self::of(&rustix::fs::lstat(path)?);
        if path.ends_with('/') && !matches!(itself.kind, FileType::Directory | FileType::Symlink) {
            return Err(rustix::io::Errno::NOTDIR.into());
        }
        if !follow || itself.kind != FileType::Symlink {
            return Ok(itself);
        }
        // By its name, the sandbox gives the identity of the link.
        let opened = std::fs::File::open(path)?;
        Ok(Self::of(&rustix::fs::fstat(opened)?))
    }

    fn of(stat: &Stat) -> Self {
        Self {
            identity: Identity {
                device: stat.st_dev,
                number: stat.st_ino,
            },
            kind: FileType::from_raw_mode(stat.st_mode),
            links: stat.st_nlink,
            length: u64::try_from(stat.st_size).unwrap_or_default(),
        }
    }

    /// Returns the room it takes. A sandbox shows no blocks, so they are those that a file of its
    /// length has on most file systems.
    pub(crate) fn room(&self) -> u64 {
        match self.kind {
            FileType::Symlink if self.length < SHORT_LINK => 0,
            _ => self.length.div_ceil(BLOCK).saturating_mul(BLOCK),
        }
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.kind == FileType::Directory
    }
}

impl Seen {
    /// Notes a file. Returns false if it was noted before; a file with one name is not kept, unless
    /// names may lead to it in several ways.
    pub(crate) fn note(&mut self, found: &Found, several_ways: bool) -> bool {
        let is_kept = several_ways || found.links > 1 && !found.is_directory();
        !is_kept || self.0.insert(found.identity)
    }
}
