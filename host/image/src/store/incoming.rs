//! Blobs on their way in: written beside the store's own, and part of it only when they are whole
//! and have been checked.
//!
//! A pull takes minutes and must not keep the lock that long, so it writes into a directory of its
//! own. Whoever writes there holds a lock on the file; what has no such lock was left by a process
//! that died, and [`sweep`] removes it.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use cap_std::fs::{Dir, OpenOptions};
use cofferdam_capability::{Digest, Digester};

use super::blob;
use super::limits::Part;
use super::lock::Lock;
use crate::error::Error;

/// The directory in which blobs are written while they come in.
pub(super) const INCOMING: &str = ".cofferdam.incoming";

/// Number of pulls of one blob that may be under way at once. More are a script gone wrong.
const AT_ONCE_MAX: usize = 64;

/// A blob that is being written. Dropped before it is placed, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Incoming {
    dir: Dir,
    path: String,
    /// Locked, so that it is not taken for a leftover.
    file: File,
    digest: Digest,
    size: u64,
    noun: &'static str,
    digester: Digester,
    written: u64,
}

/// A blob that is whole, has been checked, and is not part of the store yet.
#[derive(Debug)]
pub(crate) struct Arrived(Incoming);

impl Incoming {
    /// Begins a blob of this digest and size.
    pub(super) fn begin(dir: &Dir, part: &Part, digest: Digest, size: u64) -> Result<Self, Error> {
        part.check(size)?;
        let _lock = Lock::shared(dir)?;
        let (path, file) = make(dir, &digest, |path| {
            dir.open_with(
                path,
                OpenOptions::new().read(true).write(true).create_new(true),
            )
        })?;
        Self::new(dir, part, path, file, digest, size)
    }

    /// Takes the blob from the store itself, if it has it whole: a link, so that nothing that
    /// happens there meanwhile takes it away again.
    pub(super) fn from_store(
        dir: &Dir,
        part: &Part,
        digest: Digest,
        size: u64,
    ) -> Result<Option<Arrived>, Error> {
        part.check(size)?;
        let _lock = Lock::shared(dir)?;
        let stored = blob::path(&digest);
        let mut file = match super::file::open_regular(dir, &stored) {
            Ok(file) => file.into_std(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(format!("open {stored}"))(error)),
        };
        let mut digester = Digester::default();
        let length =
            copy(&mut file, size, &mut digester).map_err(Error::io(format!("read {stored}")))?;
        // What is damaged comes in again and takes its place.
        if length != size || digester.finish() != digest {
            return Ok(None);
        }
        let (path, file) = make(dir, &digest, |path| {
            dir.hard_link(&stored, dir, path)?;
            dir.open(path)
        })?;
        Self::new(dir, part, path, file, digest, size).map(|blob| Some(Arrived(blob)))
    }

    fn new(
        dir: &Dir,
        part: &Part,
        path: String,
        file: File,
        digest: Digest,
        size: u64,
    ) -> Result<Self, Error> {
        let wrong = |source: io::Error| Error::io(format!("write {INCOMING}"))(source);
        file.try_lock_shared()
            .map_err(|error| wrong(error.into()))?;
        let dir = dir.try_clone().map_err(wrong)?;
        Ok(Self {
            dir,
            path,
            file,
            digest,
            size,
            noun: part.noun,
            digester: Digester::default(),
            written: 0,
        })
    }

    /// Adds the next bytes. More than the blob is said to have are refused before they are written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.written + bytes.len() as u64;
        if written > self.size {
            return Err(self.corrupt(format!(
                "has more than the {} bytes that its descriptor says",
                self.size
            )));
        }
        self.file
            .write_all(bytes)
            .map_err(Error::io(format!("write {} to the image store", self.noun)))?;
        self.digester.update(bytes);
        self.written = written;
        Ok(())
    }

    /// Ends the blob: it must have the size and the digest it was begun with.
    pub(crate) fn finish(self) -> Result<Arrived, Error> {
        if self.written != self.size {
            return Err(self.corrupt(format!(
                "has {} bytes where its descriptor says {}",
                self.written, self.size
            )));
        }
        let actual = self.digester.clone().finish();
        if actual != self.digest {
            return Err(self.corrupt(format!("holds other content, {actual}")));
        }
        // The content must be on disk before its name is.
        self.file
            .sync_all()
            .map_err(Error::io(format!("write {} to the image store", self.noun)))?;
        Ok(Arrived(self))
    }

    fn corrupt(&self, problem: String) -> Error {
        Error::corrupt(format!("{} {}", self.noun, self.digest), problem)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Placed, it has another name by now.
        self.dir.remove_file(&self.path).ok();
    }
}

impl Arrived {
    /// Its digest.
    pub(crate) fn digest(&self) -> Digest {
        self.0.digest
    }

    /// Its size, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.0.size
    }

    /// Reads it whole. It was checked when it came, and nobody else has its name.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Error> {
        let mut file = &self.0.file;
        let mut bytes = Vec::new();
        file.rewind()
            .and_then(|()| file.take(self.0.size).read_to_end(&mut bytes))
            .map_err(Error::io(format!("read {}", self.0.noun)))?;
        Ok(bytes)
    }

    /// Makes it a blob of the store. The caller holds the exclusive lock.
    pub(super) fn place(self) -> Result<(), Error> {
        let Incoming {
            dir, path, digest, ..
        } = &self.0;
        let to = blob::path(digest);
        dir.rename(path, dir, &to)
            .map_err(Error::io(format!("write {to}")))
    }
}

/// Makes a file of a free name and locks nothing yet: the caller holds the store's lock, so nobody
/// sweeps.
fn make(
    dir: &Dir,
    digest: &Digest,
    open: impl Fn(&str) -> io::Result<cap_std::fs::File>,
) -> Result<(String, File), Error> {
    let wrong = |source: io::Error| Error::io(format!("write {INCOMING}"))(source);
    dir.create_dir_all(INCOMING).map_err(wrong)?;
    for number in 0..AT_ONCE_MAX {
        let path = format!("{INCOMING}/{}.{number}", digest.hex());
        match open(&path) {
            Ok(file) => return Ok((path, file.into_std())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(wrong(error)),
        }
    }
    let problem = format!(
        "{AT_ONCE_MAX} pulls of {digest} are under way; `cofferdam image prune` removes dead ones"
    );
    Err(wrong(io::Error::other(problem)))
}

/// Removes what processes that died have left, and returns how much that was, in bytes. The caller
/// holds the exclusive lock.
pub(super) fn sweep(dir: &Dir) -> Result<u64, Error> {
    let wrong = |source: io::Error| Error::io(format!("clean {INCOMING}"))(source);
    let entries = match dir.read_dir(INCOMING) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(wrong(error)),
    };
    let mut bytes = 0;
    for entry in entries {
        let entry = entry.map_err(wrong)?;
        if !entry.file_type().map_err(wrong)?.is_file() {
            continue;
        }
        let file = match entry.open() {
            Ok(file) => file.into_std(),
            // Its owner has just dropped it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(wrong(error)),
        };
        if file.try_lock().is_ok() {
            bytes += file.metadata().map_err(wrong)?.len();
            entry.remove_file().map_err(wrong)?;
        }
    }
    Ok(bytes)
}

/// Reads at most one byte more than `max` into the digest, and returns how many there were.
fn copy(file: &mut File, max: u64, digester: &mut Digester) -> io::Result<u64> {
    /// Large enough that reading costs little beside hashing.
    const CHUNK_BYTES: usize = 256 << 10;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut file = file.take(max.saturating_add(1));
    let mut length = 0;
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(length);
        }
        digester.update(chunk.get(..read).unwrap_or_default());
        length += read as u64;
    }
}
