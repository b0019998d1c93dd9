//! Files of a store: read whole up to a limit, replaced whole or not at all.

use std::io::{self, Read, Write};

use cap_std::fs::{Dir, File, OpenOptions};

use super::limits::Part;
use crate::error::Error;

/// Where new content is written before it takes its place. One name is enough: only the holder of the exclusive lock
/// writes, and what a writer that died has left behind is written over.
pub(super) const TEMPORARY: &str = ".cofferdam.new";

/// Reads the regular file at `path`; `None` if there is none.
pub(super) fn read(dir: &Dir, path: &str, part: &Part) -> Result<Option<Vec<u8>>, Error> {
    let file = match open_regular(dir, path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(format!("open {path}"))(error)),
    };
    let mut bytes = Vec::new();
    file.take(part.max + 1).read_to_end(&mut bytes).map_err(Error::io(format!("read {path}")))?;
    part.check(bytes.len() as u64)?;
    Ok(Some(bytes))
}

/// Opening a pipe would wait for a writer forever, so what a name stands for is looked at first.
pub(super) fn open_regular(dir: &Dir, path: &str) -> io::Result<File> {
    if !dir.symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    dir.open(path)
}

/// Puts `bytes` at `path`, so that whoever looks sees all of the old content or all of the new, also after a crash.
/// The caller holds the exclusive lock.
pub(super) fn replace(dir: &Dir, path: &str, bytes: &[u8]) -> Result<(), Error> {
    write_and_rename(dir, path, bytes).map_err(Error::io(format!("write {path}")))
}

fn write_and_rename(dir: &Dir, path: &str, bytes: &[u8]) -> io::Result<()> {
    match dir.remove_file(TEMPORARY) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = dir.open_with(TEMPORARY, OpenOptions::new().write(true).create_new(true))?;
    file.write_all(bytes)?;
    // The content must be on disk before its name is, and the name before anything refers to it.
    file.sync_all()?;
    dir.rename(TEMPORARY, dir, path)?;
    let parent = path.rsplit_once('/').map_or(".", |(parent, _)| parent);
    dir.open(parent)?.sync_all()
}
