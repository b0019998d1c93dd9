//! Everything that the sandbox tells of a file.

use std::io;
use std::path::PathBuf;

use rustix::fs::FileType;

/// A file.
#[derive(Debug)]
pub(crate) struct Status {
    /// As it was written.
    pub(crate) name: String,
    /// The target of a symbolic link that is not followed.
    pub(crate) target: Option<PathBuf>,
    pub(crate) size: i64,
    pub(crate) links: u64,
    kind: FileType,
    pub(crate) accessed: Time,
    pub(crate) modified: Time,
    pub(crate) changed: Time,
}

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    /// Seconds since 1970.
    pub(crate) seconds: i64,
    pub(crate) nanoseconds: i32,
}

impl Status {
    /// Looks at a file, or at the symbolic link itself.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn of(name: &str, follow: bool) -> io::Result<Self> {
        // To WASI an empty path is the working directory.
        if name.is_empty() {
            return Err(rustix::io::Errno::NOENT.into());
        }
        // A slash behind a link means what it leads to.
        let stat = if follow || name.ends_with('/') {
            rustix::fs::stat(name)?
        } else {
            rustix::fs::lstat(name)?
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        if name.ends_with('/') && kind != FileType::Directory {
            return Err(rustix::io::Errno::NOTDIR.into());
        }
        let target = if kind == FileType::Symlink {
            std::fs::read_link(name).ok()
        } else {
            None
        };
        Ok(Self {
            name: name.to_owned(),
            target,
            size: stat.st_size,
            links: stat.st_nlink,
            kind,
            accessed: Time::new(stat.st_atim.tv_sec, stat.st_atim.tv_nsec),
            modified: Time::new(stat.st_mtim.tv_sec, stat.st_mtim.tv_nsec),
            changed: Time::new(stat.st_ctim.tv_sec, stat.st_ctim.tv_nsec),
        })
    }

    /// Returns the words for its type.
    pub(crate) fn kind(&self) -> &'static str {
        match self.kind {
            FileType::RegularFile if self.size == 0 => "regular empty file",
            FileType::RegularFile => "regular file",
            FileType::Directory => "directory",
            FileType::Symlink => "symbolic link",
            FileType::CharacterDevice => "character special file",
            FileType::BlockDevice => "block special file",
            _ => "weird file",
        }
    }

    /// Returns the letter of its type, as `ls -l` has it.
    pub(crate) fn letter(&self) -> char {
        match self.kind {
            FileType::RegularFile => '-',
            FileType::Directory => 'd',
            FileType::Symlink => 'l',
            FileType::CharacterDevice => 'c',
            FileType::BlockDevice => 'b',
            _ => '?',
        }
    }
}

impl Time {
    fn new(seconds: i64, nanoseconds: impl TryInto<i32>) -> Self {
        Self {
            seconds,
            nanoseconds: nanoseconds.try_into().unwrap_or_default(),
        }
    }

    /// Returns the time in words, in UTC.
    pub(crate) fn words(self) -> String {
        let time = jiff::Timestamp::new(self.seconds, self.nanoseconds);
        // A year beyond 9999 has no words; its seconds say the same.
        time.map_or_else(
            |_| self.seconds.to_string(),
            |time| time.strftime("%Y-%m-%d %H:%M:%S.%9f +0000").to_string(),
        )
    }
}
