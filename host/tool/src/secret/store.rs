//! Secrets in files, encrypted with `age`.
//!
//! `host/NAME.age` is for every agent whose grant names it, `agents/AGENT/NAME.age` for one agent.
//! Files are read when a call needs them, so a value that was set is used by the next call.

use std::io::{self, Read, Write};
use std::iter;
use std::path::{Path, PathBuf};

use age::x25519::Identity;
use age::{Decryptor, Encryptor};
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt, OpenOptions, OpenOptionsExt};
use cofferdam_capability::SecretName;
use zeroize::Zeroizing;

use super::error::SourceError;
use super::file::Private;
use super::identity::IdentityFile;
use super::names::{Namespace, StoredSecret};
use super::size::MAX_SECRET;
use super::value::SecretValue;
use crate::file_lock::{FileLock, LockError};

/// The largest file of an encrypted secret, in bytes: the largest secret, and what `age` adds.
const MAX_FILE: usize = MAX_SECRET + (4 << 10);

/// Secrets in one store: as many as a listing can show, and more than any host needs.
const MAX_STORED: usize = 4_096;

/// The ending of an encrypted file.
const ENDING: &str = ".age";

/// The file that writers hold locked, one at a time.
const LOCK: &str = ".lock";

/// The file that is being written.
const NEW: &str = ".new";

/// Directories of namespaces.
const HOST: &str = "host";
const AGENTS: &str = "agents";

/// The directory of the store in the data directory.
const STORE: &str = "secrets";

/// The store. Its directory is made when the first secret is set.
#[derive(Debug)]
pub struct SecretStore {
    data: Dir,
    path: PathBuf,
    owner: u32,
    identity: IdentityFile,
}

impl SecretStore {
    /// The store of a data directory, which lies at `path`.
    pub fn new(data: Dir, path: &Path, identity: IdentityFile) -> Self {
        let owner = identity.owner;
        Self {
            data,
            path: path.join(STORE),
            owner,
            identity,
        }
    }

    /// The value of a secret, if it was set.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or others than this user can read or write it.
    pub fn get(
        &self,
        namespace: &Namespace,
        name: &SecretName,
    ) -> Result<Option<SecretValue>, SourceError> {
        let Some(root) = self.root()? else {
            return Ok(None);
        };
        let Some(dir) = self.namespace(&root, namespace)? else {
            return Ok(None);
        };
        let file = file_name(name);
        let path = self.path_of(namespace).join(&file);
        let Some(encrypted) = self.private(&path).read(&dir, &file, MAX_FILE)? else {
            return Ok(None);
        };
        let identity = self.identity.read(&root)?.ok_or_else(|| {
            SourceError::new(format!(
                "{} is missing, and without it nobody can read the secrets: put it back",
                self.identity.path.display()
            ))
        })?;
        let value = decrypt(&encrypted, &identity).map_err(|problem| {
            SourceError::new(format!("{} cannot be decrypted: {problem}", path.display()))
        })?;
        Ok(Some(SecretValue::new(name, value)?))
    }

    /// Sets a secret, whole or not at all.
    ///
    /// # Errors
    ///
    /// If it cannot be written; the former value then stays.
    pub fn set(
        &self,
        namespace: &Namespace,
        name: &SecretName,
        value: &SecretValue,
    ) -> Result<(), SourceError> {
        let root = self.make_root()?;
        let _lock = self.lock(&root)?;
        let identity = self.identity.read_or_make(&root)?;
        let dir = self.make_namespace(&root, namespace)?;
        let file = file_name(name);
        let path = self.path_of(namespace).join(&file);
        let is_new = self.private(&path).read(&dir, &file, MAX_FILE)?.is_none();
        if is_new && self.list()?.len() >= MAX_STORED {
            return Err(SourceError::new(format!(
                "{} holds {MAX_STORED} secrets, and that is the most: remove some with \
                 `cofferdam secret rm`",
                self.path.display()
            )));
        }
        let failed = |error: io::Error| self.private(&path).failed(&error);
        let encrypted = encrypt(value, &identity).map_err(failed)?;
        write(&root, &dir, &file, &encrypted).map_err(failed)
    }

    /// Removes a secret. Returns true if there was one.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn remove(&self, namespace: &Namespace, name: &SecretName) -> Result<bool, SourceError> {
        let Some(root) = self.root()? else {
            return Ok(false);
        };
        let _lock = self.lock(&root)?;
        let Some(dir) = self.namespace(&root, namespace)? else {
            return Ok(false);
        };
        let file = file_name(name);
        let path = self.path_of(namespace).join(&file);
        match dir.remove_file(&file).and_then(|()| sync(&dir)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.private(&path).failed(&error)),
        }
    }

    /// Every secret, in order.
    ///
    /// # Errors
    ///
    /// If a directory cannot be read.
    pub fn list(&self) -> Result<Vec<StoredSecret>, SourceError> {
        let mut found = Vec::new();
        let Some(root) = self.root()? else {
            return Ok(found);
        };
        let mut namespaces = vec![Namespace::Host];
        let agents = self.path.join(AGENTS);
        if let Some(dir) = self.private(&agents).directory(&root, AGENTS)? {
            let names = names(&dir).map_err(|error| self.private(&agents).failed(&error))?;
            let agents = names.iter().filter_map(|name| Namespace::agent(name).ok());
            namespaces.extend(agents);
        }
        for namespace in namespaces {
            let path = self.path_of(&namespace);
            let failed = |error: io::Error| self.private(&path).failed(&error);
            let Some(dir) = self.namespace(&root, &namespace)? else {
                continue;
            };
            for file in names(&dir).map_err(failed)? {
                let Some(name) = file.strip_suffix(ENDING).and_then(|name| name.parse().ok())
                else {
                    continue;
                };
                let metadata = dir.symlink_metadata(&file).map_err(failed)?;
                let set = metadata.modified().map_err(failed)?.into_std();
                found.push(StoredSecret {
                    namespace: namespace.clone(),
                    name,
                    set,
                });
            }
        }
        found.sort();
        Ok(found)
    }

    /// The directory of the store, if a secret was set.
    pub(super) fn root(&self) -> Result<Option<Dir>, SourceError> {
        self.private(&self.path).directory(&self.data, STORE)
    }

    /// The path of the store.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn private<'a>(&self, path: &'a Path) -> Private<'a> {
        Private {
            path,
            owner: self.owner,
        }
    }

    fn path_of(&self, namespace: &Namespace) -> PathBuf {
        self.path.join(namespace.to_string())
    }

    fn namespace(&self, root: &Dir, namespace: &Namespace) -> Result<Option<Dir>, SourceError> {
        let path = self.path_of(namespace);
        match namespace {
            Namespace::Host => self.private(&path).directory(root, HOST),
            Namespace::Agent(agent) => {
                let agents = self.path.join(AGENTS);
                match self.private(&agents).directory(root, AGENTS)? {
                    Some(dir) => self.private(&path).directory(&dir, agent),
                    None => Ok(None),
                }
            }
        }
    }

    fn make_root(&self) -> Result<Dir, SourceError> {
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        match self.data.create_dir_with(STORE, &builder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(self.private(&self.path).failed(&error));
            }
            _ => {}
        }
        self.root()?
            .ok_or_else(|| SourceError::new(format!("{} was removed", self.path.display())))
    }

    fn make_namespace(&self, root: &Dir, namespace: &Namespace) -> Result<Dir, SourceError> {
        let path = self.path_of(namespace);
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        root.create_dir_with(namespace.to_string(), &builder)
            .map_err(|error| self.private(&path).failed(&error))?;
        self.namespace(root, namespace)?
            .ok_or_else(|| SourceError::new(format!("{} was removed", path.display())))
    }

    fn lock(&self, root: &Dir) -> Result<FileLock, SourceError> {
        let path = self.path.join(LOCK);
        let failed = |error: io::Error| self.private(&path).failed(&error);
        let mut options = OpenOptions::new();
        options.write(true).create(true).mode(0o600);
        let file = root.open_with(LOCK, &options).map_err(failed)?;
        FileLock::of(file.into_std()).map_err(|error| match error {
            LockError::Busy { waited } => SourceError::new(format!(
                "another process has kept {} locked for {} s: end it, or try again",
                path.display(),
                waited.as_secs()
            )),
            LockError::Io(error) => failed(error),
        })
    }
}

/// Writes a file beside the others and puts it in its place.
fn write(root: &Dir, dir: &Dir, name: &str, bytes: &[u8]) -> io::Result<()> {
    // What a process left that was killed.
    match root.remove_file(NEW) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = root.open_with(NEW, &options)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    root.rename(NEW, dir, name)?;
    sync(dir)
}

fn file_name(name: &SecretName) -> String {
    format!("{name}{ENDING}")
}

/// The names in a directory that are text.
fn names(dir: &Dir) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in dir.entries()?.take(MAX_STORED + 1) {
        names.extend(entry?.file_name().into_string().ok());
    }
    Ok(names)
}

fn sync(dir: &Dir) -> io::Result<()> {
    // A handle of its own: the one at hand may be good for paths alone.
    dir.open(".")?.sync_all()
}

fn encrypt(value: &SecretValue, identity: &Identity) -> io::Result<Vec<u8>> {
    let recipient = identity.to_public();
    let encryptor = Encryptor::with_recipients(iter::once(&recipient as _))
        .map_err(|error| io::Error::other(error.to_string()))?;
    let mut encrypted = Vec::new();
    let mut writer = encryptor.wrap_output(&mut encrypted)?;
    writer.write_all(value.bytes())?;
    writer.finish()?;
    Ok(encrypted)
}

fn decrypt(encrypted: &[u8], identity: &Identity) -> io::Result<Zeroizing<Vec<u8>>> {
    let wrong = |error: age::DecryptError| io::Error::other(error.to_string());
    let decryptor = Decryptor::new_buffered(encrypted).map_err(wrong)?;
    let reader = decryptor
        .decrypt(iter::once(identity as _))
        .map_err(wrong)?;
    // At its full size from the beginning: a buffer that grows leaves copies behind.
    let mut value = Zeroizing::new(Vec::with_capacity(MAX_FILE));
    reader.take(MAX_FILE as u64).read_to_end(&mut value)?;
    Ok(value)
}
