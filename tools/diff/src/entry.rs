//! A path and the kind of thing it stands for.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::files::STDIN;
use crate::options::Links;

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// There is none, and it counts as empty.
    Absent,
    File {
        empty: bool,
    },
    Directory(Identity),
    /// A symbolic link that is not followed, with its target.
    Link(OsString),
}

/// The numbers of a file system and of a file on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    number: u64,
}

impl Entry {
    /// Looks at a path.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn look(path: String, links: Links) -> io::Result<Self> {
        let kind = Kind::of(&path, links)?;
        Ok(Self { path, kind })
    }

    /// Looks at a path at which there may be nothing. A link that leads nowhere is something.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn look_or_absent(path: String, links: Links) -> io::Result<Self> {
        match Kind::of(&path, links) {
            Ok(kind) => Ok(Self { path, kind }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_link(&path) => {
                Ok(Self::absent(path))
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn absent(path: String) -> Self {
        Self {
            path,
            kind: Kind::Absent,
        }
    }

    /// Returns the path of a name in this directory.
    pub(crate) fn join(&self, name: &str) -> String {
        format!("{}/{name}", self.path.trim_end_matches('/'))
    }

    /// Returns the last part of the path.
    pub(crate) fn name(&self) -> String {
        let name = Path::new(&self.path).file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Returns the names in this directory.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn list(&self) -> io::Result<Vec<String>> {
        let entries = std::fs::read_dir(&self.path)?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }
}

impl Kind {
    fn of(path: &str, links: Links) -> io::Result<Self> {
        if path == STDIN {
            return Ok(Self::File { empty: false });
        }
        let itself = Path::new(path).symlink_metadata()?;
        if itself.is_symlink() && links == Links::Compared {
            return Ok(Self::Link(std::fs::read_link(path)?.into_os_string()));
        }
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Identity::of(path).map(Self::Directory);
        }
        Ok(Self::File {
            empty: metadata.len() == 0,
        })
    }

    pub(crate) fn is_directory(&self) -> bool {
        matches!(self, Self::Directory(_))
    }

    pub(crate) fn words(&self) -> &'static str {
        match self {
            Self::Absent | Self::File { empty: true } => "regular empty file",
            Self::File { empty: false } => "regular file",
            Self::Directory(_) => "directory",
            Self::Link(_) => "symbolic link",
        }
    }
}

impl Identity {
    /// Opens a file, because a sandbox gives the identity of a link by its name.
    fn of(path: &str) -> io::Result<Self> {
        let stat = rustix::fs::fstat(std::fs::File::open(path)?)?;
        Ok(Self {
            device: stat.st_dev,
            number: stat.st_ino,
        })
    }
}

fn is_link(path: &str) -> bool {
    let metadata = Path::new(path).symlink_metadata();
    metadata.is_ok_and(|metadata| metadata.is_symlink())
}
