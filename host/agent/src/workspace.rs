//! An agent's tree on disk: `<data>/agents/<id>/`, laid out as a small Unix root.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::{Dir, OpenOptions};

use crate::error::AgentError;

/// The directories of a tree, as the openotters executor lays them out.
const DIRECTORIES: [&str; 9] = [
    "etc/context",
    "etc/data/bins",
    "usr/bin",
    "workspace",
    "tmp",
    "home/.config",
    "home/.cache",
    "home/.local/share",
    "var/lib",
];

/// The largest usage text, in bytes: what an image's config or layer may hold at most.
const MAX_USAGE: u64 = 1 << 20;

/// A tree, opened once. Nothing in it is reached by a path from outside again.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: Arc<Dir>,
    /// Where it lies, for messages alone.
    path: PathBuf,
}

impl Workspace {
    /// Opens the tree of the agent `id` below `agents`, and makes what is missing.
    pub(crate) fn open(agents: &Dir, id: &str, path: PathBuf) -> Result<Self, AgentError> {
        let make = |name: &str| agents.create_dir_all(Path::new(id).join(name));
        for name in DIRECTORIES {
            make(name).map_err(|source| AgentError::Tree { path: path.join(name), source })?;
        }
        let root = agents.open_dir(id).map_err(|source| AgentError::Tree { path: path.clone(), source })?;
        Ok(Self { root: Arc::new(root), path })
    }

    /// Opens a tree that is there, and makes nothing in it. `path` is its place below the data directory `data`.
    pub(crate) fn existing(data: &Dir, path: &Path) -> Result<Self, AgentError> {
        let name = path.file_name().unwrap_or_default();
        let opened = data.open_dir(Path::new("agents").join(name));
        let root = opened.map_err(|source| AgentError::Tree { path: path.to_owned(), source })?;
        Ok(Self { root: Arc::new(root), path: path.to_owned() })
    }

    pub(crate) fn root(&self) -> &Dir {
        &self.root
    }

    /// Reads a file of at most `max` bytes.
    pub(crate) fn read(&self, name: &str, max: u64) -> Result<Vec<u8>, AgentError> {
        use std::io::Read;
        let wrong = |source| AgentError::Tree { path: self.path.join(name), source };
        let file = self.root.open(name).map_err(wrong)?;
        let mut bytes = Vec::new();
        file.take(max).read_to_end(&mut bytes).map_err(wrong)?;
        Ok(bytes)
    }

    /// Writes a file whole or not at all.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), AgentError> {
        let temporary = format!("{name}.new");
        let write = || {
            // A guest may have put a link there, which must not lead the host to another file of the tree.
            match self.root.remove_file(&temporary) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = self.root.open_with(&temporary, OpenOptions::new().write(true).create_new(true))?;
            file.write_all(bytes)?;
            file.sync_all()?;
            self.root.rename(&temporary, &self.root, name)
        };
        write().map_err(|source| AgentError::Tree { path: self.path.join(name), source })
    }

    /// Keeps the usage text of a tool, or that it has none.
    pub(crate) fn write_usage(&self, bin: &str, usage: Option<&str>) -> Result<(), AgentError> {
        let directory = format!("etc/data/bins/{bin}");
        let name = format!("{directory}/USAGE.md");
        let wrong = |source| AgentError::Tree { path: self.path.join(&name), source };
        let Some(usage) = usage else {
            return match self.root.remove_file(&name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(wrong(error)),
                _ => Ok(()),
            };
        };
        self.root.create_dir_all(&directory).map_err(wrong)?;
        self.write(&name, usage.as_bytes())
    }

    /// The usage text of a tool, if its image had one.
    pub(crate) fn read_usage(&self, bin: &str) -> Result<Option<String>, AgentError> {
        let name = format!("etc/data/bins/{bin}/USAGE.md");
        if !self.root.exists(&name) {
            return Ok(None);
        }
        let bytes = self.read(&name, MAX_USAGE)?;
        let wrong = |error| AgentError::Tree { path: self.path.join(&name), source: std::io::Error::other(error) };
        String::from_utf8(bytes).map(Some).map_err(wrong)
    }

    /// Removes the files of `directory` that are not in `keep`.
    pub(crate) fn keep_only(&self, directory: &str, keep: &[String]) -> Result<(), AgentError> {
        let sweep = || {
            for entry in self.root.read_dir(directory)? {
                let entry = entry?;
                let kept = entry.file_name().to_str().is_some_and(|name| keep.iter().any(|kept| kept == name));
                if !kept && entry.file_type()?.is_file() {
                    entry.remove_file()?;
                }
            }
            Ok(())
        };
        sweep().map_err(|source| AgentError::Tree { path: self.path.join(directory), source })
    }
}
