//! Files and directories that nobody but the operator can read.

use std::io::{self, Read};
use std::path::Path;

use cap_std::fs::{Dir, File, Metadata, MetadataExt};
use cofferdam_capability::SystemError;
use zeroize::Zeroizing;

use super::error::SourceError;

/// A file or a directory of the operator's own: none but this user may enter or read it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Private<'a> {
    /// The path, for messages.
    pub(super) path: &'a Path,
    /// The user that the host runs as.
    pub(super) owner: u32,
}

impl Private<'_> {
    /// Opens the directory `name` in `at`; none where nothing is. A link is refused, because it
    /// would say in another place who can write there.
    pub(super) fn directory(self, at: &Dir, name: &str) -> Result<Option<Dir>, SourceError> {
        let Some(found) = self.look(at, name)? else {
            return Ok(None);
        };
        if !found.is_dir() {
            return Err(self.refuse("is no directory: move it away"));
        }
        self.check(&found, "700")?;
        at.open_dir(name)
            .map(Some)
            .map_err(|error| self.failed(&error))
    }

    /// Reads the file `name` in `at`, of at most `most` bytes; none where nothing is.
    pub(super) fn read(
        self,
        at: &Dir,
        name: &str,
        most: usize,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, SourceError> {
        let Some(found) = self.look(at, name)? else {
            return Ok(None);
        };
        // A named pipe would wait for its other end.
        if !found.is_file() {
            return Err(self.refuse("is no file, or a link: put the real one there"));
        }
        let file = at.open(name).map_err(|error| self.failed(&error))?;
        let opened = file.metadata().map_err(|error| self.failed(&error))?;
        if (opened.dev(), opened.ino()) != (found.dev(), found.ino()) {
            return Err(self.refuse("was replaced while it was opened: try again"));
        }
        self.check(&opened, "600")?;
        self.bytes(file, most).map(Some)
    }

    fn bytes(self, file: File, most: usize) -> Result<Zeroizing<Vec<u8>>, SourceError> {
        // At its full size from the beginning: a buffer that grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(most.saturating_add(1)));
        file.take(most as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| self.failed(&error))?;
        if bytes.len() > most {
            return Err(self.refuse(&format!("has more than {most} bytes")));
        }
        Ok(bytes)
    }

    fn look(self, at: &Dir, name: &str) -> Result<Option<Metadata>, SourceError> {
        match at.symlink_metadata(name) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Refuses what others than this user can read or write.
    fn check(self, found: &Metadata, mode: &str) -> Result<(), SourceError> {
        if found.uid() != self.owner {
            return Err(
                self.refuse("belongs to another user: chown it to the user that the host runs as")
            );
        }
        if found.mode() & 0o077 != 0 {
            let path = self.path.display();
            return Err(self.refuse(&format!(
                "is open to others (mode {:04o}): chmod {mode} {path}",
                found.mode() & 0o7777
            )));
        }
        Ok(())
    }

    fn refuse(self, problem: &str) -> SourceError {
        SourceError::new(format!("{} {problem}", self.path.display()))
    }

    pub(super) fn failed(self, error: &io::Error) -> SourceError {
        SourceError::new(format!("{}: {}", self.path.display(), SystemError(error)))
    }
}
