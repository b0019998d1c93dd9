//! The kind, size and time of an image, for a list. What cannot be read is left out of it.

use cap_std::fs::Dir;
use oci_spec::image::{ANNOTATION_CREATED, Descriptor, ImageIndex, ImageManifest, MediaType};

use super::blob;
use super::index::Listed;
use super::limits::MANIFEST;
use crate::kind::Kind;

/// Adds what the documents of an image say of it.
pub(super) fn add(dir: &Dir, descriptor: &Descriptor, listed: &mut Listed) {
    let mut size = descriptor.size();
    let manifest = match descriptor.media_type() {
        // Of an image for several platforms one alone is here.
        MediaType::ImageIndex => {
            let Ok(index) = blob::read_json::<ImageIndex>(dir, descriptor, &MANIFEST) else {
                return;
            };
            let mut rows = index.manifests().iter();
            let found = rows.find_map(|row| {
                let manifest = blob::read_json::<ImageManifest>(dir, row, &MANIFEST).ok()?;
                Some((row.size(), manifest))
            });
            let Some((row_size, manifest)) = found else {
                return;
            };
            size = size.saturating_add(row_size);
            manifest
        }
        _ => match blob::read_json::<ImageManifest>(dir, descriptor, &MANIFEST) {
            Ok(manifest) => manifest,
            Err(_) => return,
        },
    };
    let parts = manifest.layers().iter().chain([manifest.config()]);
    let parts = parts.map(Descriptor::size);
    listed.size = Some(parts.fold(size, u64::saturating_add));
    listed.kind = Some(Kind::of(&manifest));
    let annotations = manifest.annotations().as_ref();
    listed.created = annotations
        .and_then(|all| all.get(ANNOTATION_CREATED))
        .cloned();
}
