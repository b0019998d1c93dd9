//! The database file, looked at before SQLite opens it and while it is used.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::error::StoreError;

/// The first bytes of every database (`sqlite.org/fileformat.html`).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Bytes of the header that are read: up to the number of pages.
const HEADER: usize = 32;

/// Agents of the data directory, as far as their trees show.
#[derive(Debug, Clone)]
pub struct Trees {
    /// The directory they lie in.
    pub path: PathBuf,
    /// Agents that were made there.
    pub count: usize,
}

/// The files of a database that is open. SQLite makes the two beside the database when it opens
/// that, and removes them when it closes it.
#[derive(Debug)]
pub(crate) struct Files {
    database: Identity,
    log: Identity,
    index: Identity,
    /// The index, open for as long as the database is: to close it would end the locks that SQLite
    /// has on it.
    counted: File,
    /// The failure after which nothing that is stored can be relied on: the file, and what happened
    /// to it.
    failure: OnceLock<(PathBuf, String)>,
}

/// A file that was opened, told by device and inode from another one of its name.
#[derive(Debug)]
struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Files {
    /// The files of the database at `path`, which SQLite has opened.
    pub(crate) fn of(path: &Path) -> Result<Self, StoreError> {
        let log = path.with_extension("db-wal");
        let index = path.with_extension("db-shm");
        let counted =
            File::open(&index).map_err(|source| StoreError::of_system(&index, &source))?;
        let database = Identity::of(path)?;
        let log = Identity::of(&log)?;
        let index = Identity::of(&index)?;
        Ok(Self {
            database,
            log,
            index,
            counted,
            failure: OnceLock::new(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.database.path
    }

    /// Refuses to go on when a name leads to another file, or to none, when the log was cut short,
    /// or after a failure that leaves the database in an unknown state: what is written then is
    /// lost.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if let Some((path, problem)) = self.failure.get() {
            return Err(StoreError::Broken {
                path: path.clone(),
                problem: problem.clone(),
            });
        }
        [&self.database, &self.log, &self.index]
            .into_iter()
            .try_for_each(Identity::check)?;
        if self.is_cut() {
            return Err(self.broken(self.log.path.clone(), "was cut short".to_owned()));
        }
        Ok(())
    }

    /// Returns false after a failure that leaves the database in an unknown state.
    pub(crate) fn is_whole(&self) -> bool {
        !matches!(self.check(), Err(StoreError::Broken { .. }))
    }

    /// Remembers a failure; the first one stays.
    fn broken(&self, path: PathBuf, problem: String) -> StoreError {
        let (path, problem) = self.failure.get_or_init(|| (path, problem)).clone();
        StoreError::Broken { path, problem }
    }

    /// The error for a failure of an open database. One that nothing can be relied on after is
    /// remembered.
    pub(crate) fn failed(&self, source: sqlx::Error) -> StoreError {
        // The cause, where it can be seen.
        if let Err(cause) = self.check() {
            return cause;
        }
        match StoreError::while_open(self.path(), &source) {
            StoreError::Broken { path, problem } => self.broken(path, problem),
            error => error,
        }
    }

    /// Returns true if the log is shorter than the frames that the index counts in it. SQLite
    /// writes a frame before it counts it, and counts none before it cuts the log itself.
    fn is_cut(&self) -> bool {
        let Some(counted) = self.counted_length() else {
            return false;
        };
        let length = std::fs::metadata(&self.log.path).map_or(0, |metadata| metadata.len());
        length < counted && self.counted_length() == Some(counted)
    }

    /// The length of the log by the header of the index (`sqlite.org/walformat.html`), in bytes: a
    /// header of 32, and a header of 24 before the page of each frame. None if the index counts
    /// nothing.
    fn counted_length(&self) -> Option<u64> {
        let mut header = [0; 20];
        self.counted.read_exact_at(&mut header, 0).ok()?;
        let [.., page_low, page_high, a, b, c, d] = header;
        let page = u16::from_ne_bytes([page_low, page_high]);
        let page = if page == 1 { 65_536 } else { u64::from(page) };
        let frames = u64::from(u32::from_ne_bytes([a, b, c, d]));
        (frames > 0).then(|| 32 + frames * (24 + page))
    }
}

impl Identity {
    fn of(path: &Path) -> Result<Self, StoreError> {
        let metadata = metadata(path)?.ok_or_else(|| StoreError::Gone {
            path: path.to_owned(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// Refuses to go on when the name leads to another file, or to none.
    fn check(&self) -> Result<(), StoreError> {
        match metadata(&self.path)? {
            Some(metadata) if (metadata.dev(), metadata.ino()) == (self.device, self.inode) => {
                Ok(())
            }
            _ => Err(StoreError::Gone {
                path: self.path.clone(),
            }),
        }
    }
}

/// Refuses a file that is no whole database, and one that is missing or empty although there are
/// agents. Nothing is changed. A file that is missing or empty where there are none is a new
/// database.
pub(crate) fn check(path: &Path, trees: &Trees) -> Result<(), StoreError> {
    let damaged = |problem: String| StoreError::Damaged {
        path: path.to_owned(),
        problem,
    };
    is_there(path)?;
    let length = metadata(path)?.map(|metadata| metadata.len());
    match length {
        None => return refuse_lost(path, "is missing", trees),
        Some(0) => return refuse_lost(path, "is empty", trees),
        Some(_) => {}
    }
    let mut header = Vec::with_capacity(HEADER);
    let read = File::open(path).and_then(|file| file.take(HEADER as u64).read_to_end(&mut header));
    read.map_err(|source| StoreError::of_system(path, &source))?;
    if !header.starts_with(MAGIC) {
        return Err(damaged("it does not begin as a database does".to_owned()));
    }
    // A checkpoint that was cut short leaves pages in the log that the header counts already.
    let log = metadata(&path.with_extension("db-wal"))?.is_some_and(|log| log.len() > 0);
    match (size(&header), length) {
        (Some(size), Some(length)) if length < size && !log => Err(damaged(format!(
            "it has {length} bytes where its header says {size}"
        ))),
        (None, _) => Err(damaged("its header is cut off".to_owned())),
        _ => Ok(()),
    }
}

/// Refuses a database that knows no agent where there are some.
pub(crate) fn refuse_lost(
    path: &Path,
    problem: &'static str,
    trees: &Trees,
) -> Result<(), StoreError> {
    let Trees {
        path: directory,
        count,
    } = trees.clone();
    if count == 0 {
        return Ok(());
    }
    Err(StoreError::Lost {
        path: path.to_owned(),
        problem,
        trees: directory,
        count,
    })
}

/// The size that the header says: the size of a page, of which 1 means 65,536, times the number of
/// pages.
fn size(header: &[u8]) -> Option<u64> {
    let page = u16::from_be_bytes(header.get(16..18)?.try_into().ok()?);
    let page = if page == 1 { 65_536 } else { u64::from(page) };
    let pages = u32::from_be_bytes(header.get(28..32)?.try_into().ok()?);
    Some(page * u64::from(pages))
}

/// Returns false where there is no database. A thing of another kind is refused: opening a pipe
/// would wait for a writer for ever.
pub(crate) fn is_there(path: &Path) -> Result<bool, StoreError> {
    match metadata(path)? {
        Some(found) if !found.is_file() => Err(StoreError::Damaged {
            path: path.to_owned(),
            problem: "it is not a regular file".to_owned(),
        }),
        found => Ok(found.is_some()),
    }
}

fn metadata(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::of_system(path, &source)),
    }
}
