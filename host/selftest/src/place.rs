//! A directory of a row's own, with a data directory in it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::problem::Problem;
use crate::program::Program;
use crate::secret::HOST_SECRET;

/// Everything of one row on disk; gone when it is dropped.
#[derive(Debug)]
pub struct Place {
    directory: TempDir,
    binary: PathBuf,
    /// The directory of compiled code; none for one in the data directory.
    cache: Option<PathBuf>,
}

impl Place {
    /// An empty one, for this binary.
    ///
    /// # Errors
    /// The system has no room for temporary files.
    pub fn new(binary: &Path) -> Result<Self, Problem> {
        let directory = Problem::at("a temporary directory", tempfile::tempdir())?;
        Ok(Self {
            directory,
            binary: binary.to_owned(),
            cache: None,
        })
    }

    /// The same place with compiled code in `cache`, which other places may share.
    #[must_use]
    pub fn with_cache(self, cache: &Path) -> Self {
        Self {
            cache: Some(cache.to_owned()),
            ..self
        }
    }

    /// Its path on the host.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// The data directory of the commands that run here.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// The directory that the guest sees as `/workspace`.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.path().join("workspace")
    }

    /// The binary with these arguments, on the data directory of this place, with a secret in its
    /// environment that no guest may see.
    pub(crate) fn cofferdam<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Program {
        let program = Program::new(&self.binary, self.path(), args).without_environment();
        let program = program
            .env("COFFERDAM_DATA_DIR", self.data())
            .env(HOST_SECRET.0, HOST_SECRET.1);
        match &self.cache {
            Some(cache) => program.env("COFFERDAM_CACHE_DIR", cache),
            None => program,
        }
    }

    /// Writes a file, with the directories above it.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, Problem> {
        let path = self.path().join(name);
        if let Some(above) = path.parent() {
            Problem::at(above.display(), std::fs::create_dir_all(above))?;
        }
        Problem::at(path.display(), std::fs::write(&path, content))?;
        Ok(path)
    }

    /// Makes an empty directory.
    pub(crate) fn directory(&self, name: &str) -> Result<PathBuf, Problem> {
        let path = self.path().join(name);
        Problem::at(path.display(), std::fs::create_dir_all(&path))?;
        Ok(path)
    }

    /// Makes a symbolic link.
    pub(crate) fn link(&self, target: impl AsRef<Path>, name: &str) -> Result<(), Problem> {
        let path = self.path().join(name);
        Problem::at(path.display(), std::os::unix::fs::symlink(target, &path))
    }
}
