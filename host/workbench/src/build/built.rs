//! A component with its manifest inside.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cofferdam_capability::{Manifest, SystemError};
use cofferdam_tool::Import;

use super::cargo::CargoPackage;
use crate::error::Error;

/// A component with its manifest inside.
#[derive(Debug, Clone)]
pub struct Built {
    /// The manifest.
    pub manifest: Manifest,
    /// The component, as binary.
    pub component: Vec<u8>,
    /// A sentence about what was changed to build it, if anything was.
    pub note: Option<String>,
    /// The capabilities.toml, for messages.
    pub(crate) file: PathBuf,
    /// The first build of a pure tool, whose component does not ship.
    pub(super) listing: Option<Listing>,
}

/// A pure tool that was built to be asked which tools it has.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    pub(super) package: CargoPackage,
    /// The module that cargo built.
    pub(super) module: PathBuf,
}

impl Built {
    /// Returns the interfaces that it imports.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if it imports one that its manifest does not declare: every host would
    /// refuse it. The same for a pure tool that could do more than compute.
    pub fn imports(&self) -> Result<Vec<Import>, Error> {
        let Self {
            manifest,
            component,
            note: _,
            file,
            listing,
        } = self;
        let imports = cofferdam_tool::imports(component).map_err(Error::usage)?;
        for import in &imports {
            if let Some(row) = import.missing_row(manifest) {
                // No line is wrong: one is missing, which is for the end of the file.
                let lines =
                    std::fs::read_to_string(file).map_or(1, |text| text.lines().count().max(1));
                return Err(Error::usage(format!(
                    "{}:{lines}: no row declares {import}, which the component imports: add {row}, \
                     or remove the import",
                    file.display()
                )));
            }
        }
        let beyond = imports.iter().find(|import| !import.gives_nothing());
        match beyond.filter(|_| listing.is_some()) {
            Some(beyond) => Err(Error::usage(format!(
                "{}: a tool of shape `pure` can only compute, and this one imports {beyond}: \
                 remove what calls it, or [package.metadata.cofferdam] from its Cargo.toml",
                file.display()
            ))),
            None => Ok(imports),
        }
    }

    /// Writes the component to a file, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Work`], which names the path.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        /// The rights of a file that others may read, less those that the umask takes.
        const MODE: u32 = 0o666;
        let directory = path.parent().unwrap_or(Path::new("."));
        // Under a random name: a tool that may write there could have put a link under any other.
        let written = tempfile::Builder::new()
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(directory);
        written
            .and_then(|mut file| {
                file.write_all(&self.component)?;
                file.persist(path).map_err(|error| error.error)
            })
            .map(drop)
            .map_err(|error| Error::work(format!("{}: {}", path.display(), SystemError(&error))))
    }
}
