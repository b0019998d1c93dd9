//! Files that are read whole: regular ones alone, because opening a pipe would wait for a writer
//! for ever.

use std::fs::OpenOptions;
use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use cap_std::fs::{Dir, File};
use rustix::fs::OFlags;

/// Reads a file that the operator names, of at most `max` bytes.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(irregular());
    }
    if metadata.len() > max {
        return Err(Error::other(format!(
            "it has {} bytes: at most {max} are read",
            metadata.len()
        )));
    }
    let mut bytes = Vec::new();
    // Some of the system's own files say that they are empty, or wait for news.
    let mut options = OpenOptions::new();
    options.read(true);
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    options.open(path)?.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(Error::other(format!(
            "it has more than {max} bytes, which is the most that is read"
        )));
    }
    Ok(bytes)
}

/// Opens a file in a tree.
pub(crate) fn open(tree: &Dir, name: &str) -> Result<File> {
    if tree.metadata(name)?.is_file() {
        tree.open(name)
    } else {
        Err(irregular())
    }
}

/// Returns true if `path` still leads to the directory that was opened.
pub(crate) fn is_in_place(opened: &Dir, path: &Path) -> bool {
    use cap_std::fs::MetadataExt as _;
    let opened = opened
        .dir_metadata()
        .map(|metadata| (metadata.dev(), metadata.ino()));
    let named = std::fs::metadata(path)
        .map(|metadata| (MetadataExt::dev(&metadata), MetadataExt::ino(&metadata)));
    matches!((opened, named), (Ok(opened), Ok(named)) if opened == named)
}

fn irregular() -> Error {
    Error::new(ErrorKind::InvalidInput, "it is not a regular file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(
        clippy::disallowed_methods,
        reason = "no library here makes a pipe with a name"
    )]
    fn what_is_no_regular_file_is_not_waited_for() {
        let temporary = tempfile::tempdir().unwrap();
        let pipe = temporary.path().join("pipe");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(read(&pipe, 1).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(
            read(temporary.path(), 1).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        std::fs::write(temporary.path().join("file"), "ab").unwrap();
        assert_eq!(read(&temporary.path().join("file"), 2).unwrap(), b"ab");
        assert!(read(&temporary.path().join("file"), 1).is_err());
    }
}
