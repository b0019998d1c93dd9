//! Compiled code on disk.
//!
//! A planted entry would be native code in the host, so the directory must belong to this user
//! alone, and every entry carries a keyed hash that is checked before the entry is loaded. An entry
//! that fails the check is deleted and compiled again. Everything here is disposable: a key that is
//! missing, damaged or open to others is made anew, and the entries of the former key with it.

use std::io::{Error, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::fs::{Dir, File, Metadata, MetadataExt, OpenOptions, OpenOptionsExt, PermissionsExt};
use cofferdam_capability::SystemError;

use crate::error::EngineError;

/// Entries that are kept. The oldest go first; each is a few megabytes.
const MAX_ENTRIES: usize = 256;

/// A compiled component larger than this is not loaded, and its compilation is stopped (256 MiB; a
/// Python component compiles to about 60 MB).
pub(crate) const MAX_CODE: u64 = 256 << 20;

const KEY_FILE: &str = "key";

/// The end of the names of files that are being written. Their beginning is random.
const TEMPORARY: &str = ".tmp";

/// Age at which a file that is being written belongs to a process that died: several times the
/// longest compilation.
const DEAD: Duration = Duration::from_secs(600);

/// Times that the key is looked for again after it was made. Each failure means that another
/// process found it damaged at the same time.
const ATTEMPTS: usize = 16;

type Key = [u8; blake3::KEY_LEN];

/// The cache directory and the key of its hashes.
pub(crate) struct Cache {
    dir: Dir,
    key: Key,
}

/// Code that was checked: the open file, and the path by which wasmtime maps exactly this file.
pub(crate) struct Native {
    file: File,
}

/// Code that is being written. Dropped before it is kept, it leaves nothing behind.
pub(crate) struct Writing<'a> {
    cache: &'a Cache,
    temporary: Temporary<'a>,
    hasher: blake3::Hasher,
    written: u64,
}

/// A file without a name that anybody could know, for this user alone.
struct Temporary<'a> {
    dir: &'a Dir,
    name: String,
    file: File,
}

impl Native {
    pub(crate) fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.file.as_raw_fd()).into()
    }
}

impl Cache {
    pub(crate) fn open(dir: Dir) -> Result<Self, EngineError> {
        let refuse = |problem: String| EngineError::Cache {
            path: "the compiled-code directory".to_owned(),
            problem,
        };
        let metadata = dir
            .dir_metadata()
            .map_err(|error| refuse(error.to_string()))?;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(refuse(
                "it belongs to another user: give the host a directory of its own".to_owned(),
            ));
        }
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(refuse(format!(
                "others can enter it (mode {mode:o}): make it 0700"
            )));
        }
        let key = read_or_make_key(&dir).map_err(|error| {
            refuse(format!(
                "its key cannot be read or made: {}",
                SystemError(&error)
            ))
        })?;
        Ok(Self { dir, key })
    }

    /// The entry `name`, when there is one that this host wrote.
    pub(crate) fn get(&self, name: &str) -> Option<Native> {
        let code = code_file(name);
        let found = self.dir.symlink_metadata(&code).ok()?;
        // Opening a pipe would wait for a writer for ever.
        let mut file = if found.is_file() {
            self.dir.open(&code).ok()
        } else {
            None
        };
        let written = self.read_hash(name).unwrap_or_default();
        match file.as_mut().map(|file| self.hash(file)).zip(file) {
            Some((Ok(hash), file)) if written == hash => Some(Native { file }),
            _ => {
                tracing::warn!(
                    entry = name,
                    "a cached compilation is not one that this host wrote: compiling again"
                );
                self.remove(name);
                None
            }
        }
    }

    /// Begins an entry.
    pub(crate) fn begin(&self) -> std::io::Result<Writing<'_>> {
        self.prune();
        let hasher = blake3::Hasher::new_keyed(&self.key);
        Ok(Writing {
            cache: self,
            temporary: Temporary::new(&self.dir)?,
            hasher,
            written: 0,
        })
    }

    fn read_hash(&self, name: &str) -> Option<String> {
        let name = hash_file(name);
        let mut hash = String::new();
        if !self.dir.symlink_metadata(&name).ok()?.is_file() {
            return None;
        }
        let file = self.dir.open(&name).ok()?;
        file.take(2 * blake3::OUT_LEN as u64)
            .read_to_string(&mut hash)
            .ok()?;
        Some(hash)
    }

    fn hash(&self, file: &mut File) -> std::io::Result<String> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update_reader(file.take(MAX_CODE))?;
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// Makes room for one more entry, and removes what dead processes left. Failing is harmless:
    /// the bound is checked again at the next entry.
    fn prune(&self) {
        let Ok(entries) = self.dir.entries() else {
            return;
        };
        let mut found = Vec::new();
        for entry in entries.filter_map(Result::ok) {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if name.ends_with(TEMPORARY) && is_older(&metadata, DEAD) {
                // Best effort, as everything here.
                let _ = self.dir.remove_file(&name);
            }
            if let Some(entry) = name.strip_suffix(".cwasm") {
                found.push((metadata.mtime(), entry.to_owned()));
            }
        }
        found.sort();
        let excess = (found.len() + 1).saturating_sub(MAX_ENTRIES);
        for (_, name) in found.into_iter().take(excess) {
            self.remove(&name);
        }
    }

    fn remove(&self, name: &str) {
        for name in [code_file(name), hash_file(name)] {
            let is_dir = self
                .dir
                .symlink_metadata(&name)
                .is_ok_and(|found| found.is_dir());
            // An entry that cannot be removed stays and is refused again the next time.
            let _ = if is_dir {
                self.dir.remove_dir_all(&name)
            } else {
                self.dir.remove_file(&name)
            };
        }
    }
}

impl Writing<'_> {
    /// Adds the next bytes, and returns false if the code would have more than [`MAX_CODE`].
    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::io::Result<bool> {
        self.written = self.written.saturating_add(bytes.len() as u64);
        if self.written > MAX_CODE {
            return Ok(false);
        }
        self.hasher.update(bytes);
        self.temporary.file.write_all(bytes)?;
        Ok(true)
    }

    /// Keeps the code under `name`. The entry appears whole or not at all, and what is returned is
    /// the file that was written, whatever other processes do to the entry meanwhile.
    pub(crate) fn keep(self, name: &str) -> std::io::Result<Native> {
        let Self {
            cache,
            temporary,
            hasher,
            ..
        } = self;
        let mut hash = Temporary::new(&cache.dir)?;
        hash.file.write_all(hasher.finalize().to_hex().as_bytes())?;
        hash.rename(&hash_file(name))?;
        temporary.rename(&code_file(name))?;
        Ok(Native {
            file: temporary.file.try_clone()?,
        })
    }
}

impl<'a> Temporary<'a> {
    fn new(dir: &'a Dir) -> std::io::Result<Self> {
        let mut random = [0; 8];
        rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
        let name = format!("{:016x}{TEMPORARY}", u64::from_ne_bytes(random));
        let mut options = OpenOptions::new();
        let file = dir.open_with(
            &name,
            options.read(true).write(true).create_new(true).mode(0o600),
        )?;
        Ok(Self { dir, name, file })
    }

    fn rename(&self, to: &str) -> std::io::Result<()> {
        let rename = || self.dir.rename(&self.name, self.dir, to);
        rename().or_else(|error| match error.kind() {
            // A directory is no entry, and is in the way of one.
            ErrorKind::IsADirectory => self.dir.remove_dir_all(to).and_then(|()| rename()),
            _ => Err(error),
        })
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // Kept, it has another name by now.
        let _ = self.dir.remove_file(&self.name);
    }
}

fn code_file(name: &str) -> String {
    format!("{name}.cwasm")
}

fn hash_file(name: &str) -> String {
    format!("{name}.hash")
}

fn is_older(metadata: &Metadata, age: Duration) -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let then = Duration::from_secs(u64::try_from(metadata.mtime()).unwrap_or_default());
    now.saturating_sub(then) > age
}

/// Reads the key, and makes one where there is none that can be used. Processes that start at the
/// same time agree on one.
fn read_or_make_key(dir: &Dir) -> std::io::Result<Key> {
    for _ in 0..ATTEMPTS {
        if let Some(key) = read_key(dir)? {
            return Ok(key);
        }
        make_key(dir)?;
    }
    Err(Error::other("other processes replace it again and again"))
}

/// Reads the key. One that is damaged, or that others could read or write, is removed: no hash that
/// was made with it can be trusted.
fn read_key(dir: &Dir) -> std::io::Result<Option<Key>> {
    let metadata = match dir.symlink_metadata(KEY_FILE) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    let own = metadata.uid() == rustix::process::geteuid().as_raw()
        && metadata.permissions().mode() & 0o077 == 0;
    if metadata.is_file() && own && metadata.len() == blake3::KEY_LEN as u64 {
        let mut key = Key::default();
        return match dir
            .open(KEY_FILE)
            .and_then(|mut file| file.read_exact(&mut key))
        {
            Ok(()) => Ok(Some(key)),
            // Another process has just removed it.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
    }
    tracing::warn!(
        "the key of compiled code is damaged or open to others: it is made anew, and code compiled \
         again"
    );
    let removed = if metadata.is_dir() {
        dir.remove_dir_all(KEY_FILE)
    } else {
        dir.remove_file(KEY_FILE)
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(None),
    }
}

/// Makes a key, whole or not at all: the file gets its name when it is on disk, unless another
/// process was first.
fn make_key(dir: &Dir) -> std::io::Result<()> {
    let mut key = Key::default();
    rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty())?;
    let mut temporary = Temporary::new(dir)?;
    temporary.file.write_all(&key)?;
    temporary.file.sync_all()?;
    match dir.hard_link(&temporary.name, dir, KEY_FILE) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods, reason = "a test's own directory")]
    fn dir(temporary: &tempfile::TempDir) -> Dir {
        std::fs::set_permissions(
            temporary.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o700),
        )
        .unwrap();
        Dir::open_ambient_dir(temporary.path(), cap_std::ambient_authority()).unwrap()
    }

    fn kept(cache: &Cache, name: &str, code: &[u8]) -> Native {
        let mut writing = cache.begin().unwrap();
        assert!(writing.write(code).unwrap());
        writing.keep(name).unwrap()
    }

    #[test]
    fn a_damaged_key_is_made_anew_and_its_entries_with_it() {
        let temporary = tempfile::tempdir().unwrap();
        let key = temporary.path().join("key");
        let damage: [&dyn Fn(); 5] = [
            &|| std::fs::write(&key, "").unwrap(),
            &|| std::fs::write(&key, "short").unwrap(),
            &|| {
                std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644))
                    .unwrap()
            },
            &|| {
                std::fs::remove_file(&key).unwrap();
                std::os::unix::fs::symlink("/etc/hostname", &key).unwrap();
            },
            &|| {
                std::fs::remove_file(&key).unwrap();
                std::fs::create_dir_all(key.join("inner")).unwrap();
            },
        ];
        for damage in damage {
            let cache = Cache::open(dir(&temporary)).unwrap();
            kept(&cache, "entry", b"code");
            assert!(cache.get("entry").is_some());
            damage();
            let again = Cache::open(dir(&temporary)).unwrap();
            assert_ne!(again.key, cache.key);
            assert!(again.get("entry").is_none());
            assert_eq!(Cache::open(dir(&temporary)).unwrap().key, again.key);
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "makes a pipe with a name")]
    fn what_is_no_entry_is_removed_and_not_waited_for() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir(&temporary)).unwrap();
        let make_directory =
            |path: &std::path::Path| std::fs::create_dir_all(path.join("inner")).unwrap();
        let make_pipe = |path: &std::path::Path| {
            assert!(
                std::process::Command::new("mkfifo")
                    .arg(path)
                    .status()
                    .unwrap()
                    .success()
            );
        };
        for make in [&make_directory as &dyn Fn(&std::path::Path), &make_pipe] {
            for file in ["entry.cwasm", "entry.hash"] {
                kept(&cache, "entry", b"code");
                let path = temporary.path().join(file);
                std::fs::remove_file(&path).unwrap();
                make(&path);
                assert!(cache.get("entry").is_none());
                assert!(!path.exists());
            }
        }
        kept(&cache, "entry", b"code");
        assert!(cache.get("entry").is_some());
    }

    #[test]
    fn an_entry_that_is_not_kept_leaves_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir(&temporary)).unwrap();
        let mut writing = cache.begin().unwrap();
        assert!(writing.write(b"code").unwrap());
        drop(writing);
        let names: Vec<_> = std::fs::read_dir(temporary.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["key"]);
        // Another process may take the entry away before this one has loaded it.
        let native = kept(&cache, "entry", b"code");
        cache.remove("entry");
        assert_eq!(std::fs::read(native.path()).unwrap(), b"code");
    }
}
