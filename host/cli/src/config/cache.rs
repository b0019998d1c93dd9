//! The directory of compiled code, where the operator named another than the data directory's.

use std::path::{Path, PathBuf};

use super::setting::Setting;
use crate::error::Failure;

/// The variable that names the directory. It goes before the file.
const VARIABLE: &str = "COFFERDAM_CACHE_DIR";

/// The directory of compiled code in the data directory.
pub(crate) const IN_DATA: &str = "cache";

/// A directory of compiled code that several data directories may share.
#[derive(Debug)]
pub(crate) struct CacheDir {
    path: PathBuf,
    /// The variable, or the file.
    origin: String,
}

impl CacheDir {
    /// The directory of the environment, else the one that the file at `place` names.
    pub(crate) fn find(written: Option<PathBuf>, place: &str) -> Result<Option<Self>, Failure> {
        let of_environment = std::env::var_os(VARIABLE).map(PathBuf::from);
        let found = match (of_environment, written) {
            (Some(path), _) => Self {
                path,
                origin: VARIABLE.to_owned(),
            },
            (None, Some(path)) => Self {
                path,
                origin: format!("{place}: [host] `cache-dir`"),
            },
            (None, None) => return Ok(None),
        };
        if found.path.is_absolute() && found.path.file_name().is_some() {
            return Ok(Some(found));
        }
        Err(Failure::usage(format!(
            "{} = {:?}: expected an absolute path of a directory",
            found.origin, found.path
        )))
    }

    /// The path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The setting as it is shown; `data` is the data directory, `file` its place in the file.
    pub(crate) fn setting(cache: Option<&Self>, data: &Path, file: String) -> Setting {
        let of_environment = cache.is_some_and(|cache| cache.origin == VARIABLE);
        Setting {
            key: "host.cache-dir".to_owned(),
            value: cache
                .map_or(data.join(IN_DATA), |cache| cache.path.clone())
                .display()
                .to_string()
                .into(),
            note: None,
            origin: if of_environment {
                VARIABLE.to_owned()
            } else {
                file
            },
        }
    }
}
