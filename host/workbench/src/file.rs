//! Files of an author, read with a bound.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use cofferdam_capability::Manifest;
use rustix::fs::OFlags;

use crate::error::Error;

/// The largest capabilities.toml or Cargo.toml that is read, in bytes; a valid one is far smaller.
pub(crate) const MAX_MANIFEST: u64 = 1 << 20;

/// Reads a file of at most `max` bytes.
///
/// # Errors
///
/// [`Error::Usage`], which names the path.
pub fn read(path: &Path, max: u64) -> Result<Vec<u8>, Error> {
    let wrong = |problem: String| Error::usage(format!("{}: {problem}", path.display()));
    let metadata = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
    if !metadata.is_file() {
        return Err(wrong("it is not a file".to_owned()));
    }
    if metadata.len() > max {
        return Err(wrong(format!(
            "it has {} bytes: at most {max} are read",
            metadata.len()
        )));
    }
    read_open(path, max).map_err(|error| wrong(error.to_string()))
}

/// Reads a regular file. Some of the system's own say that they are empty, or wait for news: they
/// are read up to `max` bytes, and not waited for.
fn read_open(path: &Path, max: u64) -> std::io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    options.read(true);
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let mut bytes = Vec::new();
    options.open(path)?.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(std::io::Error::other(format!(
            "it has more than {max} bytes, which is the most that is read"
        )));
    }
    Ok(bytes)
}

/// Reads a file of at most `max` bytes as text.
pub(crate) fn text(path: &Path, max: u64) -> Result<String, Error> {
    String::from_utf8(read(path, max)?).map_err(|error| {
        Error::usage(format!(
            "{}: not valid UTF-8 at byte {}",
            path.display(),
            error.utf8_error().valid_up_to()
        ))
    })
}

/// Reads a capabilities.toml.
///
/// # Errors
///
/// [`Error::Usage`], which names the path and, where a row is wrong, the line.
pub fn manifest(path: &Path) -> Result<Manifest, Error> {
    let name = path.display().to_string();
    Manifest::from_toml(&text(path, MAX_MANIFEST)?, &name).map_err(Error::usage)
}
