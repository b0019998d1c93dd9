//! A directory as an operator offers it, on the command line and in `cofferdam.toml`:
//! `HOST:GUEST[:ro|rw]`.

use std::fmt;
use std::path::Path;

use cofferdam_capability::{Access, GuestPath, Offer};

/// A path as an operator wrote it.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    host: &'a Path,
    guest: GuestPath,
    access: Access,
}

/// A directory that cannot be offered as it is written.
#[derive(Debug)]
pub(crate) struct DirectoryError(String);

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the words; the directory itself may be missing.
pub(crate) fn parse(written: &str) -> Result<Written<'_>, DirectoryError> {
    let (paths, access) = match written.rsplit_once(':') {
        Some((paths, "ro")) => (paths, Access::ReadOnly),
        Some((paths, "rw")) => (paths, Access::ReadWrite),
        _ => (written, Access::ReadWrite),
    };
    let expected = "expected HOST:GUEST, HOST:GUEST:ro or HOST:GUEST:rw";
    let (host, guest) = paths
        .rsplit_once(':')
        .ok_or_else(|| DirectoryError(format!("{written}: {expected}")))?;
    // A guest path stands before it, so this was meant for a mode.
    if host.contains(":/") && !guest.starts_with('/') {
        return Err(DirectoryError(format!(
            "{written}: `{guest}` is no mode: expected ro (read-only) or rw (read and write)"
        )));
    }
    let guest = guest
        .parse()
        .map_err(|problem| DirectoryError(format!("{written}: {problem}")))?;
    Ok(Written {
        host: Path::new(host),
        guest,
        access,
    })
}

/// Opens the directory; a relative path is relative to `base`.
pub(crate) fn offer(written: &str, base: &Path) -> Result<Offer, DirectoryError> {
    let Written {
        host,
        guest,
        access,
    } = parse(written)?;
    Offer::host_directory(&base.join(host), guest, access)
        .map_err(|error| DirectoryError(format!("{written}: {error}")))
}
