//! A manifest beside the file that it was read from.

use std::path::{Path, PathBuf};

use cofferdam_capability::Manifest;

use super::cargo::CargoPackage;
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
    /// A sentence about what was changed to build it.
    pub(crate) note: Option<String>,
    /// The Cargo.toml of a package that is to export typed tools.
    pub(crate) typed: Option<PathBuf>,
    /// The package of a pure tool, which is built once more when it has been asked for its tools.
    pub(crate) pure: Option<CargoPackage>,
}

impl Artifact {
    /// A component or module that another toolchain has built.
    pub(crate) fn foreign(declared: Declared, path: PathBuf) -> Self {
        Self {
            declared,
            path,
            wit: None,
            note: None,
            typed: None,
            pure: None,
        }
    }
}

impl Declared {
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        Ok(Self {
            manifest: file::manifest(file)?,
            file: file.to_owned(),
        })
    }
}
