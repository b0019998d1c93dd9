//! Compiled code on disk.
//!
//! A planted entry would be native code in the host, so the directory must belong to this user alone, and every entry
//! carries a keyed hash that is checked before the entry is loaded. An entry that fails the check is deleted and
//! compiled again.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use cap_std::fs::{Dir, File, MetadataExt, OpenOptions, OpenOptionsExt, PermissionsExt};

use crate::error::EngineError;

/// Entries that are kept. The oldest go first; each is a few megabytes.
const MAX_ENTRIES: usize = 256;

/// A compiled component larger than this is not loaded (1 GiB; a Python component compiles to about 60 MB).
pub(crate) const MAX_CODE: u64 = 1 << 30;

const KEY_FILE: &str = "key";

/// The cache directory and the key of its hashes.
pub(crate) struct Cache {
    dir: Dir,
    key: [u8; blake3::KEY_LEN],
}

/// Code that was checked: the open file, and the path by which wasmtime maps exactly this file.
pub(crate) struct Native {
    file: File,
}

impl Native {
    pub(crate) fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.file.as_raw_fd()).into()
    }
}

impl Cache {
    pub(crate) fn open(dir: Dir) -> Result<Self, EngineError> {
        let refuse = |problem: String| EngineError::Cache { path: "the compiled-code directory".to_owned(), problem };
        let metadata = dir.dir_metadata().map_err(|error| refuse(error.to_string()))?;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(refuse("it belongs to another user: give the host a directory of its own".to_owned()));
        }
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(refuse(format!("others can enter it (mode {mode:o}): make it 0700")));
        }
        let key = read_or_make_key(&dir).map_err(|error| refuse(format!("its key cannot be read: {error}")))?;
        Ok(Self { dir, key })
    }

    /// The entry `name`, when there is one that this host wrote.
    pub(crate) fn get(&self, name: &str) -> Option<Native> {
        let mut file = self.dir.open(code_file(name)).ok()?;
        let written = self.dir.read_to_string(hash_file(name)).unwrap_or_default();
        match self.hash(&mut file) {
            Ok(hash) if written == hash => Some(Native { file }),
            _ => {
                tracing::warn!(entry = name, "a cached compilation is not one that this host wrote: compiling again");
                self.remove(name);
                None
            }
        }
    }

    /// Keeps `code` under `name`. The entry appears whole or not at all.
    pub(crate) fn put(&self, name: &str, code: &[u8]) -> std::io::Result<Native> {
        self.prune();
        let hash = blake3::Hasher::new_keyed(&self.key).update(code).finalize().to_hex();
        self.write(&hash_file(name), hash.as_bytes())?;
        self.write(&code_file(name), code)?;
        Ok(Native { file: self.dir.open(code_file(name))? })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        // The process id keeps two hosts on one directory apart.
        let temporary = format!("{name}.{}.tmp", std::process::id());
        let mut options = OpenOptions::new();
        let mut file = self.dir.open_with(&temporary, options.write(true).create(true).truncate(true).mode(0o600))?;
        let written = file.write_all(bytes).and_then(|()| self.dir.rename(&temporary, &self.dir, name));
        if written.is_err() {
            // Best effort: the next entry of this name truncates it anyway.
            let _ = self.dir.remove_file(&temporary);
        }
        written
    }

    fn hash(&self, file: &mut File) -> std::io::Result<String> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update_reader(file.take(MAX_CODE))?;
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// Makes room for one more entry. Failing is harmless: the bound is checked again at the next entry.
    fn prune(&self) {
        let Ok(entries) = self.dir.entries() else { return };
        let mut found: Vec<_> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?.strip_suffix(".cwasm")?.to_owned();
                Some((entry.metadata().ok()?.mtime(), name))
            })
            .collect();
        found.sort();
        let excess = (found.len() + 1).saturating_sub(MAX_ENTRIES);
        for (_, name) in found.into_iter().take(excess) {
            self.remove(&name);
        }
    }

    fn remove(&self, name: &str) {
        // An entry that cannot be removed stays and is refused again the next time.
        let _ = self.dir.remove_file(code_file(name));
        let _ = self.dir.remove_file(hash_file(name));
    }
}

fn code_file(name: &str) -> String {
    format!("{name}.cwasm")
}

fn hash_file(name: &str) -> String {
    format!("{name}.hash")
}

fn read_or_make_key(dir: &Dir) -> std::io::Result<[u8; blake3::KEY_LEN]> {
    let mut key = [0; blake3::KEY_LEN];
    let mut options = OpenOptions::new();
    match dir.open_with(KEY_FILE, options.write(true).create_new(true).mode(0o600)) {
        Ok(mut file) => {
            rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty())?;
            file.write_all(&key)?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let mut file = dir.open(KEY_FILE)?;
            if file.metadata()?.permissions().mode() & 0o077 != 0 {
                return Err(std::io::Error::other("others can read it: remove it, a new one will be made"));
            }
            file.read_exact(&mut key)?;
        }
        Err(error) => return Err(error),
    }
    Ok(key)
}
