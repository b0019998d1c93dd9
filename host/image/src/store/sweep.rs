//! Removing the blobs that no image needs any more.

use std::collections::HashSet;

use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, MediaType};

use super::blob::{self, BLOBS};
use super::index::Index;
use super::limits::MANIFEST;
use crate::agent_image::locked_digests;
use crate::error::Error;

/// The images and blobs that were removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Blobs.
    pub blobs: u64,
    /// Their size, and that of what broken pulls have left, in bytes.
    pub bytes: u64,
}

/// Removes every blob that no row of `index` leads to. The caller holds the exclusive lock.
///
/// # Errors
///
/// If one row cannot be followed, no blob is removed: it might be that row's.
pub(super) fn sweep(dir: &Dir, index: &Index) -> Result<Swept, Error> {
    let mut needed = HashSet::new();
    for descriptor in index.descriptors() {
        follow(dir, descriptor, &mut needed)?;
    }
    let needed: HashSet<_> = needed.iter().map(Digest::hex).collect();
    let mut swept = Swept::default();
    let list = |source| Error::io(format!("list {BLOBS}"))(source);
    for entry in dir.read_dir(BLOBS).map_err(list)? {
        let entry = entry.map_err(list)?;
        let name = entry.file_name();
        if !name.to_str().is_some_and(|hex| needed.contains(hex)) {
            let size = entry.metadata().map_or(0, |metadata| metadata.len());
            entry.remove_file().map_err(Error::io(format!(
                "remove {BLOBS}/{}",
                name.to_string_lossy()
            )))?;
            swept.blobs += 1;
            swept.bytes += size;
        }
    }
    Ok(swept)
}

/// Drops the referrers of images that are gone. The caller holds the exclusive lock, and writes the
/// index if this returns true.
///
/// # Errors
///
/// If one image cannot be followed: any referrer might be its own.
pub(super) fn drop_referrers(dir: &Dir, index: &mut Index) -> Result<bool, Error> {
    let mut needed = HashSet::new();
    for descriptor in index.images() {
        follow(dir, descriptor, &mut needed)?;
    }
    Ok(index.drop_referrers(|subject| needed.contains(subject)))
}

/// The blobs that one image needs, as far as they are here, and those that it names.
pub(super) fn needed(dir: &Dir, descriptor: &Descriptor) -> Result<HashSet<Digest>, Error> {
    let mut needed = HashSet::new();
    follow(dir, descriptor, &mut needed)?;
    Ok(needed)
}

/// Adds what `descriptor` describes and leads to. An image index may hold manifests, but no further
/// index: nothing this store runs does.
fn follow(dir: &Dir, descriptor: &Descriptor, needed: &mut HashSet<Digest>) -> Result<(), Error> {
    match descriptor.media_type() {
        MediaType::ImageIndex => {
            let index: ImageIndex = blob::read_json(dir, descriptor, &MANIFEST)?;
            need(descriptor, needed)?;
            follow_index(dir, &index, needed)
        }
        _ => {
            let manifest: ImageManifest = blob::read_json(dir, descriptor, &MANIFEST)?;
            need(descriptor, needed)?;
            follow_manifest(&manifest, needed)?;
            follow_lock(dir, &manifest, needed)
        }
    }
}

fn follow_index(dir: &Dir, index: &ImageIndex, needed: &mut HashSet<Digest>) -> Result<(), Error> {
    // Entries for other platforms stay in the registry: what is not here leads to nothing that is.
    let is_here =
        |row: &&Descriptor| blob::digest(row).is_ok_and(|digest| dir.exists(blob::path(&digest)));
    index
        .manifests()
        .iter()
        .filter(is_here)
        .try_for_each(|row| {
            let manifest: ImageManifest = blob::read_json(dir, row, &MANIFEST)?;
            need(row, needed)?;
            follow_manifest(&manifest, needed)
        })
}

fn follow_manifest(manifest: &ImageManifest, needed: &mut HashSet<Digest>) -> Result<(), Error> {
    need(manifest.config(), needed)?;
    manifest
        .layers()
        .iter()
        .chain(manifest.subject())
        .try_for_each(|part| need(part, needed))
}

/// Follows the BINs of an agent image that are here: it is of no use without them, whether they
/// have a name or not. They are tools, whose locks lead to nothing.
fn follow_lock(
    dir: &Dir,
    manifest: &ImageManifest,
    needed: &mut HashSet<Digest>,
) -> Result<(), Error> {
    for digest in locked_digests(manifest) {
        needed.insert(digest);
        let Some(bytes) = blob::find(dir, &digest, &MANIFEST)? else {
            continue;
        };
        // What is neither can lead to nothing.
        if let Ok(index) = serde_json::from_slice::<ImageIndex>(&bytes) {
            follow_index(dir, &index, needed)?;
        } else if let Ok(manifest) = serde_json::from_slice(&bytes) {
            follow_manifest(&manifest, needed)?;
        }
    }
    Ok(())
}

fn need(descriptor: &Descriptor, needed: &mut HashSet<Digest>) -> Result<(), Error> {
    needed.insert(blob::digest(descriptor)?);
    Ok(())
}
