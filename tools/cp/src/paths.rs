//! Symbolic links, and paths without them.

use std::fs;
use std::path::{Path, PathBuf};

use uucore::fs::{MissingHandling, ResolveMode, canonicalize};

/// A path without links; the standard library does not resolve them here.
pub(crate) fn real_path(path: &Path) -> Option<PathBuf> {
    canonicalize(path, MissingHandling::Missing, ResolveMode::Logical).ok()
}

/// Returns true for a symbolic link, also with a slash behind its name.
pub(crate) fn is_link(path: &Path) -> bool {
    let text = path.to_string_lossy();
    fs::symlink_metadata(text.trim_end_matches('/')).is_ok_and(|metadata| metadata.is_symlink())
}
