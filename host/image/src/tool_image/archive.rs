//! The one file of a layer that is an archive, taken out within bounds. Nothing is written
//! anywhere.

#[cfg(test)]
mod tests;

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use super::layout::{base_name, is_safe};
use crate::store::limits::COMPONENT_MAX_BYTES;

/// The most entries of an archive. A tool's has one; a container's whole file system is not looked
/// through.
const ENTRIES_MAX: usize = 256;

/// The most an archive may grow when it is decompressed. Components shrink to a third or a quarter;
/// gzip of zeros, which is what a bomb is made of, to a thousandth.
const RATIO_MAX: u64 = 100;

/// So much an archive may hold whatever the ratio, in bytes: a small one that is mostly padding is
/// no bomb.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// Maximum bytes that an archive holds besides the file: headers and padding.
const HEADERS_MAX_BYTES: u64 = 1 << 20;

/// An archive without the file: the rest of a sentence about its layer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct ArchiveError(String);

impl From<String> for ArchiveError {
    fn from(problem: String) -> Self {
        Self(problem)
    }
}

/// Takes out the file called `name`, or the only one. What is wrong comes back as the rest of a
/// sentence about the layer.
pub(super) fn file(
    archive: &[u8],
    compressed: bool,
    name: Option<&str>,
) -> Result<Vec<u8>, ArchiveError> {
    let most = COMPONENT_MAX_BYTES + HEADERS_MAX_BYTES;
    if !compressed {
        return find(
            Bounded {
                inner: archive,
                left: most,
                most,
            },
            name,
        );
    }
    let allowed = (archive.len() as u64)
        .saturating_mul(RATIO_MAX)
        .max(RATIO_FREE_BYTES)
        .min(most);
    find(
        Bounded {
            inner: MultiGzDecoder::new(archive),
            left: allowed,
            most: allowed,
        },
        name,
    )
}

fn find(reader: impl Read, name: Option<&str>) -> Result<Vec<u8>, ArchiveError> {
    let wrong = |error: io::Error| match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<TooMuch>())
    {
        Some(TooMuch(most)) => {
            format!("unpacks to more than the {most} bytes that its size allows")
        }
        None => format!("cannot be unpacked: {error}"),
    };
    let mut archive = Archive::new(reader);
    let mut found: Option<(bool, Vec<u8>)> = None;
    let mut files = 0;
    for (number, entry) in archive.entries().map_err(wrong)?.enumerate() {
        if number >= ENTRIES_MAX {
            return Err(ArchiveError::from(format!(
                "has more than {ENTRIES_MAX} entries; a tool's archive has one"
            )));
        }
        let entry = entry.map_err(wrong)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let plain = path
            .strip_prefix("./")
            .unwrap_or(&path)
            .trim_end_matches('/');
        if !matches!(plain, "" | ".") && (path.starts_with('/') || !is_safe(plain)) {
            return Err(ArchiveError::from(format!(
                "has an entry `{}`, which leads out of it",
                path.escape_debug()
            )));
        }
        let is_named = name.is_some_and(|name| base_name(plain) == base_name(name));
        match entry.header().entry_type() {
            EntryType::Directory => continue,
            EntryType::Regular | EntryType::Continuous => {}
            _ if is_named => {
                return Err(ArchiveError::from(format!(
                    "has `{}` as a link or a device, not a file",
                    path.escape_debug()
                )));
            }
            _ => continue,
        }
        if entry.size() > COMPONENT_MAX_BYTES {
            let size = entry.size();
            return Err(ArchiveError::from(format!(
                "has a file of {size} bytes, at most {COMPONENT_MAX_BYTES} are allowed"
            )));
        }
        files += 1;
        match &found {
            Some((true, _)) if is_named => {
                return Err(ArchiveError::from(format!(
                    "has `{}` twice",
                    path.escape_debug()
                )));
            }
            // Only what is named is worth the memory of a second file.
            Some(_) if !is_named => continue,
            _ => {}
        }
        let mut bytes = Vec::new();
        entry
            .take(COMPONENT_MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(wrong)?;
        found = Some((is_named, bytes));
    }
    match found {
        Some((true, bytes)) => Ok(bytes),
        Some((false, bytes)) if files == 1 => Ok(bytes),
        Some(_) => Err(ArchiveError::from(format!(
            "has {files} files and none of them is `{}`",
            name.unwrap_or_default().escape_debug()
        ))),
        None => Err(ArchiveError::from("has no file in it".to_owned())),
    }
}

/// A reader that fails where it would give more than it may.
struct Bounded<R> {
    inner: R,
    left: u64,
    most: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("more than {0} bytes")]
struct TooMuch(u64);

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other(TooMuch(self.most)))?;
        Ok(read)
    }
}
