//! A directory of a test's own.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::checkout;

/// A directory that is gone after the test, with a data directory in it.
pub(crate) struct Scratch {
    dir: TempDir,
    /// The directory of compiled code; none for the one in the data directory.
    cache: Option<PathBuf>,
}

impl Scratch {
    /// Compiled code is shared with other tests: a tool is compiled once.
    pub(crate) fn new() -> Self {
        Self {
            cache: Some(checkout().join("target/cache")),
            ..Self::with_own_cache()
        }
    }

    /// Nothing is compiled yet.
    pub(crate) fn with_own_cache() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a temporary directory"),
            cache: None,
        }
    }

    /// The variables by which commands find their directories.
    pub(crate) fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        let mut variables = vec![("COFFERDAM_DATA_DIR", self.data())];
        let cache = self.cache.clone();
        variables.extend(cache.map(|cache| ("COFFERDAM_CACHE_DIR", cache)));
        variables
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The data directory of hosts and commands in this test.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file, with the directories above it.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a directory"))
            .expect("directories");
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// Makes an empty directory.
    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        path
    }
}
