//! The directory of a store: an OCI image layout, or empty and about to become one.

use cap_std::fs::Dir;
use oci_spec::image::{ImageIndex, MediaType, OciLayout, OciLayoutBuilder};

use super::blob::BLOBS;
use super::file::{self, TEMPORARY};
use super::index::INDEX_FILE;
use super::limits::{INDEX, LAYOUT};
use super::lock::{LOCK_FILE, Lock};
use crate::error::Error;
use crate::tool_image::canonical_json;

/// The file that says which layout it is.
pub(super) const LAYOUT_FILE: &str = "oci-layout";

/// The version of the image layout (OCI image specification, image-layout).
const LAYOUT_VERSION: &str = "1.0.0";

/// Files that a store may hold while it is being made. `oci-layout` comes last, and may come while
/// this process looks.
const UNFINISHED: [&str; 5] = [LOCK_FILE, TEMPORARY, "blobs", INDEX_FILE, LAYOUT_FILE];

/// Checks the store in `dir`, or makes one.
pub(super) fn open_or_create(dir: &Dir) -> Result<(), Error> {
    check_or_create(dir).map_err(|error| error.in_store(dir))
}

fn check_or_create(dir: &Dir) -> Result<(), Error> {
    if check(dir)? {
        return file::remove_leftover(dir);
    }
    // Before the lock, which leaves a file: a directory that is refused stays as it was.
    refuse_other_content(dir)?;
    let _lock = Lock::exclusive(dir)?;
    // Whoever had the lock may have made the store.
    if check(dir)? {
        return Ok(());
    }
    dir.create_dir_all(BLOBS)
        .map_err(Error::io(format!("create {BLOBS}")))?;
    if file::read(dir, INDEX_FILE, &INDEX)?.is_none() {
        let mut index = ImageIndex::default();
        index.set_media_type(Some(MediaType::ImageIndex));
        file::replace(dir, INDEX_FILE, &canonical_json(&index)?)?;
    }
    file::replace(dir, LAYOUT_FILE, &document()?)
}

/// The content of `oci-layout`.
pub(super) fn document() -> Result<Vec<u8>, Error> {
    let layout = OciLayoutBuilder::default()
        .image_layout_version(LAYOUT_VERSION)
        .build()
        .map_err(|error| Error::io(format!("write {LAYOUT_FILE}"))(std::io::Error::other(error)))?;
    canonical_json(&layout)
}

/// Returns true if `dir` is a store; an error if it is one of another kind.
pub(super) fn check(dir: &Dir) -> Result<bool, Error> {
    let Some(bytes) = file::read(dir, LAYOUT_FILE, &LAYOUT)? else {
        return Ok(false);
    };
    let layout: OciLayout = serde_json::from_slice(&bytes).map_err(|error| {
        Error::corrupt(LAYOUT_FILE, format!("is not an image layout's: {error}"))
    })?;
    if layout.image_layout_version() != LAYOUT_VERSION {
        let version = layout.image_layout_version().escape_debug();
        return Err(Error::corrupt(
            LAYOUT_FILE,
            format!("has version `{version}`; this host reads {LAYOUT_VERSION}"),
        ));
    }
    Ok(true)
}

pub(super) fn refuse_other_content(dir: &Dir) -> Result<(), Error> {
    let list = |source| Error::io("list the store's directory")(source);
    for entry in dir.read_dir(".").map_err(list)? {
        let name = entry.map_err(list)?.file_name();
        if !UNFINISHED.iter().any(|known| name == *known) {
            return Err(Error::NotAStore(
                name.to_string_lossy().escape_debug().to_string(),
            ));
        }
    }
    Ok(())
}
