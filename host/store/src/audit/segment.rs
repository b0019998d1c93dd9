//! The files of a trail.

use std::io::ErrorKind;

use cap_std::fs::Dir;

use super::error::AuditError;

/// The ending of their names.
const ENDING: &str = ".jsonl";

/// A file with lines of the trail. Its name is the number of its first line, in twelve digits, so
/// that a listing has the files in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The number of its first line.
    pub(super) first: u64,
    /// Its size in bytes.
    pub(super) size: u64,
}

impl Segment {
    /// The name of its file.
    pub(super) fn name(&self) -> String {
        name(self.first)
    }
}

/// The name of the segment that begins with this line.
pub(super) fn name(first: u64) -> String {
    format!("{first:012}{ENDING}")
}

/// The segments of a trail, the oldest first. Files with other names are none.
pub(super) fn list(dir: &Dir) -> Result<Vec<Segment>, AuditError> {
    let wrong = || AuditError::of(".");
    let mut segments = Vec::new();
    for entry in dir.entries().map_err(wrong())? {
        let entry = entry.map_err(wrong())?;
        let Some(first) = entry.file_name().to_str().and_then(first) else {
            continue;
        };
        match entry.metadata() {
            Ok(found) => segments.push(Segment {
                first,
                size: found.len(),
            }),
            // It was dropped meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(AuditError::of(&name(first))(error)),
        }
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments)
}

/// The newest segment of a trail, if it has one. The others are not asked for their sizes, because
/// every group of lines begins here.
pub(super) fn last(dir: &Dir) -> Result<Option<Segment>, AuditError> {
    let wrong = || AuditError::of(".");
    let mut last: Option<u64> = None;
    for entry in dir.entries().map_err(wrong())? {
        let entry = entry.map_err(wrong())?;
        last = last.max(entry.file_name().to_str().and_then(first));
    }
    let Some(first) = last else {
        return Ok(None);
    };
    let name = name(first);
    let found = dir.symlink_metadata(&name).map_err(AuditError::of(&name))?;
    Ok(Some(Segment {
        first,
        size: found.len(),
    }))
}

/// The number in the name of a segment.
fn first(file: &str) -> Option<u64> {
    let first = file.strip_suffix(ENDING)?.parse().ok()?;
    (name(first) == file).then_some(first)
}
