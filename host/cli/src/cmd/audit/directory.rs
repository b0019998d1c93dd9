//! The directory of a trail, opened to be read.

use std::io::ErrorKind;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_capability::SystemError;

use crate::error::Failure;

/// Opens the directory of a trail; none where nothing is.
pub(crate) fn open(path: &Path) -> Result<Option<Dir>, Failure> {
    match Dir::open_ambient_dir(path, ambient_authority()) {
        Ok(dir) => Ok(Some(dir)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let path = path.display();
            let error = SystemError(&error);
            Err(Failure::usage(format!("cannot read {path}: {error}")))
        }
    }
}
