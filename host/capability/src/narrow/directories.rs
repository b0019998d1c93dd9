//! The directories that calls used.

use crate::access::Access;
use crate::guest_path::GuestPath;
use crate::rows::FsRow;
use crate::used::Used;

/// The row of a directory with the access that was used; none if it was not used.
pub(super) fn used_part(row: &FsRow, all: &[FsRow], used: &Used) -> Option<FsRow> {
    let Some(access) = used_access(row, all, used) else {
        return used.directories.is_none().then(|| row.clone());
    };
    Some(FsRow {
        access: row.access.min(access),
        ..row.clone()
    })
}

/// The most access that was used by the row of a directory. A directory that lies in several rows
/// is that of the deepest.
pub(super) fn used_access(row: &FsRow, all: &[FsRow], used: &Used) -> Option<Access> {
    let directories = used.directories.as_ref()?;
    let own = directories
        .iter()
        .filter(|(path, _)| deepest(path, all).is_some_and(|deepest| deepest == &row.path));
    own.map(|(_, used)| used.access).max().map(|access| {
        // The scratch directory is asked for as a whole.
        if row.path == GuestPath::scratch() {
            Access::ReadWrite
        } else {
            access
        }
    })
}

/// The deepest of these rows that a directory lies in.
pub(super) fn deepest<'a>(path: &GuestPath, rows: &'a [FsRow]) -> Option<&'a GuestPath> {
    let scratch = GuestPath::scratch();
    let holds = |row: &&FsRow| {
        if *path == scratch || row.path == scratch {
            row.path == *path
        } else {
            row.path.contains(path)
        }
    };
    let rows = rows.iter().filter(holds);
    rows.map(|row| &row.path)
        .max_by_key(|path| path.as_str().len())
}
