//! A manifest beside the file that it was read from.

use std::path::{Path, PathBuf};

use cofferdam_capability::Manifest;

use crate::error::Error;
use crate::file;

/// The powers that a tool asks for.
pub(crate) struct Declared {
    pub(crate) manifest: Manifest,
    /// The capabilities.toml, for messages.
    pub(crate) file: PathBuf,
}

/// A component or core module without its manifest inside.
pub(crate) struct Artifact {
    pub(crate) declared: Declared,
    pub(crate) path: PathBuf,
    /// The WIT that it was made with, whose comments become the words that a model reads.
    pub(crate) wit: Option<PathBuf>,
}

impl Declared {
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        Ok(Self {
            manifest: file::manifest(file)?,
            file: file.to_owned(),
        })
    }
}
