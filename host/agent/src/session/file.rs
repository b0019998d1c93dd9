//! The database file, looked at before SQLite opens it and while it is used.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::StoreError;

/// The first bytes of every database (`sqlite.org/fileformat.html`).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Bytes of the header that are read: up to the number of pages.
const HEADER: usize = 32;

/// Agents of the data directory, as far as their trees show.
#[derive(Debug, Clone)]
pub(crate) struct Trees {
    /// Where they lie.
    pub(crate) path: PathBuf,
    /// Agents that were made there.
    pub(crate) count: usize,
}

/// The file that was opened, told by device and inode from another one of its name.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Identity {
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let metadata = metadata(path)?.ok_or_else(|| StoreError::Gone { path: path.to_owned() })?;
        Ok(Self { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses to go on when the name leads to another file, or to none: what is written then is lost.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match metadata(&self.path)? {
            Some(metadata) if (metadata.dev(), metadata.ino()) == (self.device, self.inode) => Ok(()),
            _ => Err(StoreError::Gone { path: self.path.clone() }),
        }
    }
}

/// Refuses a file that is no whole database, and one that is missing or empty although there are agents. Nothing is
/// changed. A file that is missing or empty where there are none is a new database.
pub(super) fn check(path: &Path, trees: &Trees) -> Result<(), StoreError> {
    let damaged = |problem: String| StoreError::Damaged { path: path.to_owned(), problem };
    let length = metadata(path)?.map(|metadata| metadata.len());
    match length {
        None => return refuse_lost(path, "is missing", trees),
        Some(0) => return refuse_lost(path, "is empty", trees),
        Some(_) => {}
    }
    let mut header = Vec::with_capacity(HEADER);
    let read = File::open(path).and_then(|file| file.take(HEADER as u64).read_to_end(&mut header));
    read.map_err(|source| StoreError::Failed { path: path.to_owned(), source: source.into() })?;
    if !header.starts_with(MAGIC) {
        return Err(damaged("it does not begin as a database does".to_owned()));
    }
    // A checkpoint that was cut short leaves pages in the log that the header counts already.
    let log = metadata(&path.with_extension("db-wal"))?.is_some_and(|log| log.len() > 0);
    match (size(&header), length) {
        (Some(size), Some(length)) if length < size && !log => {
            Err(damaged(format!("it has {length} bytes where its header says {size}")))
        }
        (None, _) => Err(damaged("its header is cut off".to_owned())),
        _ => Ok(()),
    }
}

/// Refuses a database that knows no agent where there are some.
pub(super) fn refuse_lost(path: &Path, problem: &'static str, trees: &Trees) -> Result<(), StoreError> {
    let Trees { path: directory, count } = trees.clone();
    if count == 0 {
        return Ok(());
    }
    Err(StoreError::Lost { path: path.to_owned(), problem, trees: directory, count })
}

/// The size that the header says: the size of a page, of which 1 means 65,536, times the number of pages.
fn size(header: &[u8]) -> Option<u64> {
    let page = u16::from_be_bytes(header.get(16..18)?.try_into().ok()?);
    let page = if page == 1 { 65_536 } else { u64::from(page) };
    let pages = u32::from_be_bytes(header.get(28..32)?.try_into().ok()?);
    Some(page * u64::from(pages))
}

fn metadata(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Failed { path: path.to_owned(), source: source.into() }),
    }
}
