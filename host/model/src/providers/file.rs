//! The file on disk: read again when it changes.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};

use super::list::Providers;
use crate::error::Error;

/// The largest file that is read, in bytes (1 MiB): four kilobytes for each provider it may hold.
const MAX_FILE: u64 = 1 << 20;

/// Opens the file. A file that is not there is an error of the kind `NotFound`.
pub type OpenFile = Box<dyn Fn() -> std::io::Result<File> + Send + Sync>;

/// Finds a variable of the environment.
pub type Variables = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// `providers.yaml` of one host.
///
/// The file is looked at whenever credentials are asked for, and read when it has changed. One that
/// is wrong changes nothing: what was read last holds on, and the mistake is logged once.
pub struct ProvidersFile {
    path: String,
    owner: u32,
    open: OpenFile,
    variables: Variables,
    state: Mutex<State>,
}

/// The last reading of the file.
struct State {
    /// The file as it was read last, also if it was wrong.
    seen: Seen,
    /// The last providers that were right.
    good: Arc<Providers>,
    /// Grows each time that `good` changes.
    version: u64,
}

/// One state of a file on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Unread,
    Missing,
    /// It could not be opened.
    Unopened(ErrorKind),
    /// Everything that changes when it is written or made readable: device, inode, seconds and
    /// nanoseconds of the last change, size, mode and owner.
    File {
        place: [u64; 2],
        modified: [i64; 2],
        changed: [i64; 2],
        size: u64,
    },
}

impl ProvidersFile {
    /// The file at `path`, which has to belong to the user `owner`. Nothing is read yet.
    pub fn new(path: String, owner: u32, open: OpenFile, variables: Variables) -> Self {
        let state = State {
            seen: Seen::Unread,
            good: Arc::new(Providers::none(&path)),
            version: 0,
        };
        Self {
            path,
            owner,
            open,
            variables,
            state: Mutex::new(state),
        }
    }

    /// The path of the file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Reads the file if it has changed since the last reading.
    ///
    /// # Errors
    ///
    /// [`Error::Providers`] once for each change that is wrong; what held before holds on.
    pub fn refresh(&self) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.renew(&mut state)
    }

    /// Reads the file, also if it has not changed since.
    ///
    /// # Errors
    ///
    /// [`Error::Providers`] if it is wrong, also if that was told before.
    pub fn read_again(&self) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.seen = Seen::Unread;
        self.renew(&mut state)
    }

    fn renew(&self, state: &mut State) -> Result<(), Error> {
        let opened = (self.open)();
        let seen = match &opened {
            Ok(file) => Seen::of(file),
            Err(error) if error.kind() == ErrorKind::NotFound => Seen::Missing,
            Err(error) => Seen::Unopened(error.kind()),
        };
        if state.seen == seen {
            return Ok(());
        }
        state.seen = seen;
        let providers = match opened {
            Ok(file) => self.read(&file)?,
            Err(error) if error.kind() == ErrorKind::NotFound => Providers::none(&self.path),
            Err(error) => return Err(self.refused(error.to_string())),
        };
        if providers.entries() != state.good.entries() {
            state.good = Arc::new(providers);
            state.version += 1;
        }
        Ok(())
    }

    /// The providers that hold now, and the number of times that they have changed.
    pub fn current(&self) -> (Arc<Providers>, u64) {
        if let Err(error) = self.refresh() {
            tracing::warn!("{error}; the providers stay as they were");
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&state.good), state.version)
    }

    fn read(&self, file: &File) -> Result<Providers, Error> {
        let failed = |error: std::io::Error| self.refused(error.to_string());
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(self.refused("it is not a regular file".to_owned()));
        }
        if metadata.uid() != self.owner {
            return Err(self.refused(
                "it belongs to another user: chown it to the user that the host runs as".to_owned(),
            ));
        }
        if metadata.mode() & 0o077 != 0 {
            let path = &self.path;
            return Err(self.refused(format!(
                "others can read or change it (mode {:04o}): chmod 600 {path}",
                metadata.mode() & 0o7777
            )));
        }
        let mut text = String::new();
        let size = file
            .take(MAX_FILE + 1)
            .read_to_string(&mut text)
            .map_err(failed)?;
        if size as u64 > MAX_FILE {
            return Err(self.refused(format!("it has more than {MAX_FILE} bytes")));
        }
        Providers::parse(&text, &self.path, &self.variables)
    }

    fn refused(&self, problem: String) -> Error {
        Error::Providers {
            place: self.path.clone(),
            problem,
        }
    }
}

impl Seen {
    fn of(file: &File) -> Self {
        match file.metadata() {
            Ok(found) => Self::File {
                place: [found.dev(), found.ino()],
                modified: [found.mtime(), found.mtime_nsec()],
                // Of the mode too: a file that was opened to others is looked at again.
                changed: [found.ctime(), found.ctime_nsec()],
                size: found.size(),
            },
            Err(error) => Self::Unopened(error.kind()),
        }
    }
}

impl std::fmt::Debug for ProvidersFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProvidersFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
