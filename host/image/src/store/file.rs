//! Files of a store: read whole up to a limit, replaced whole or not at all.

use std::io::{self, Read, Write};
use std::time::Duration;

use cap_std::fs::{Dir, File, OpenOptions};

use super::limits::Part;
use super::lock::Lock;
use crate::error::Error;

/// The file to which new content is written before it takes its place. One name is enough: only the
/// holder of the exclusive lock writes. What a writer that died has left behind is removed when the
/// store is opened or pruned.
pub(super) const TEMPORARY: &str = ".cofferdam.new";

/// Reads the regular file at `path`; `None` if there is none.
pub(super) fn read(dir: &Dir, path: &str, part: &Part) -> Result<Option<Vec<u8>>, Error> {
    let file = match open_regular(dir, path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(format!("open {path}"))(error)),
    };
    let mut bytes = Vec::new();
    file.take(part.max + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io(format!("read {path}")))?;
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

/// Puts `bytes` at `path`, so that whoever looks sees all of the old content or all of the new,
/// also after a crash. The caller holds the exclusive lock.
pub(super) fn replace(dir: &Dir, path: &str, bytes: &[u8]) -> Result<(), Error> {
    write_and_rename(dir, path, bytes).map_err(Error::io(format!("write {path}")))
}

fn write_and_rename(dir: &Dir, path: &str, bytes: &[u8]) -> io::Result<()> {
    match dir.remove_file(TEMPORARY) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = dir.open_with(TEMPORARY, OpenOptions::new().write(true).create_new(true))?;
    // The content must be on disk before its name is, and the name before anything refers to it.
    let placed = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| dir.rename(TEMPORARY, dir, path));
    if let Err(error) = placed {
        // Most often the disk is full, and this is the largest file on it that nobody needs.
        let _ = dir.remove_file(TEMPORARY);
        return Err(error);
    }
    let parent = path.rsplit_once('/').map_or(".", |(parent, _)| parent);
    dir.open(parent)?.sync_all()
}

/// Removes what a writer that died has left, and returns its size in bytes. The caller holds the
/// exclusive lock.
pub(super) fn sweep(dir: &Dir) -> Result<u64, Error> {
    let size = match dir.symlink_metadata(TEMPORARY) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(Error::io(format!("look at {TEMPORARY}"))(error)),
    };
    dir.remove_file(TEMPORARY)
        .map_err(Error::io(format!("remove {TEMPORARY}")))?;
    Ok(size)
}

/// Removes what a writer that died has left, unless somebody writes or reads now: the next one to
/// open the store does it.
pub(super) fn remove_leftover(dir: &Dir) -> Result<(), Error> {
    if !dir.exists(TEMPORARY) {
        return Ok(());
    }
    match Lock::within(dir, Duration::ZERO, std::fs::File::try_lock) {
        Ok(_lock) => sweep(dir).map(drop),
        Err(Error::Busy) => Ok(()),
        Err(error) => Err(error),
    }
}
