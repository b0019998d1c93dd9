//! The identity that decrypts the store.

use std::io::{self, Write};
use std::path::PathBuf;

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};

use super::error::SourceError;
use super::file::Private;

/// The largest file of an identity, in bytes: one line, and what people write above it.
const MAX_FILE: usize = 4 << 10;

/// The file of the identity, as `age-keygen` writes it: whoever reads it, reads all secrets. It is
/// made when the first secret is set.
#[derive(Debug)]
pub struct IdentityFile {
    /// The directory it lies in; none for that of the store.
    pub elsewhere: Option<Dir>,
    /// Its name there.
    pub name: String,
    /// The whole path, for messages.
    pub path: PathBuf,
    /// The user that the host runs as.
    pub owner: u32,
}

impl IdentityFile {
    /// The name of the file in the directory of the store, where it lies unless the operator puts
    /// it elsewhere.
    pub const NAME: &str = "identity";

    /// The identity, if there is one.
    pub(super) fn read(&self, store: &Dir) -> Result<Option<Identity>, SourceError> {
        let private = self.private();
        let Some(bytes) = private.read(self.dir(store), &self.name, MAX_FILE)? else {
            return Ok(None);
        };
        let text = str::from_utf8(&bytes).unwrap_or_default();
        let line = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#'));
        let identity = line.and_then(|line| line.parse().ok());
        identity.map(Some).ok_or_else(|| {
            SourceError::new(format!(
                "{} holds no identity of age: put back the one that the secrets were set with, or \
                 remove it together with them and set them again",
                self.path.display()
            ))
        })
    }

    /// The identity, made now if there is none.
    pub(super) fn read_or_make(&self, store: &Dir) -> Result<Identity, SourceError> {
        match self.read(store)? {
            Some(identity) => Ok(identity),
            None => self.make(store),
        }
    }

    fn make(&self, store: &Dir) -> Result<Identity, SourceError> {
        let failed = |error: io::Error| self.private().failed(&error);
        let identity = Identity::generate();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let dir = self.dir(store);
        let mut file = dir.open_with(&self.name, &options).map_err(failed)?;
        let text = identity.to_string();
        let written = file
            .write_all(text.expose_secret().as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.sync_all());
        if let Err(error) = written {
            // Half of one would keep every secret from being set.
            let _ = dir.remove_file(&self.name);
            return Err(failed(error));
        }
        Ok(identity)
    }

    fn dir<'a>(&'a self, store: &'a Dir) -> &'a Dir {
        self.elsewhere.as_ref().unwrap_or(store)
    }

    fn private(&self) -> Private<'_> {
        Private {
            path: &self.path,
            owner: self.owner,
        }
    }
}
