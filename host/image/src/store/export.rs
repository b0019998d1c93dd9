//! Images as one file: an OCI image layout in a tar archive, as `skopeo` and `oras` write it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use cap_std::fs::Dir;
use oci_spec::image::{Descriptor, ImageIndex, MediaType};
use tar::{Builder, EntryType, Header};

use super::blob::{self, BLOBS};
use super::index::{INDEX_FILE, Index};
use super::layout::{self, LAYOUT_FILE};
use super::limits::BLOB;
use super::sweep;
use crate::error::Error;
use crate::tool_image::canonical_json;

/// Writes the images that these rows describe, with the BINs of agents as far as they are here, and
/// what refers to any of them. The
/// same images give the same bytes. Returns the number of bytes in their blobs. The caller holds a
/// lock.
pub(super) fn write(
    dir: &Dir,
    index: &Index,
    mut rows: Vec<Descriptor>,
    out: impl Write,
) -> Result<u64, Error> {
    let mut needed = BTreeSet::new();
    for row in &rows {
        needed.extend(sweep::needed(dir, row)?);
    }
    let of_these = |(subject, _): &(_, _)| needed.contains(subject);
    let referrers = index.referrers().filter(of_these);
    let mut referrers: Vec<_> = referrers.map(|(_, row)| row.clone()).collect();
    referrers.sort_by_cached_key(|row| row.digest().to_string());
    for row in &referrers {
        needed.extend(sweep::needed(dir, row)?);
    }
    rows.extend(referrers);
    let mut document = ImageIndex::default();
    document.set_media_type(Some(MediaType::ImageIndex));
    document.set_manifests(rows);
    let mut archive = Builder::new(out);
    let wrong = |error: io::Error| Error::io("write the archive")(error);
    let documents = [
        (LAYOUT_FILE, layout::document()?),
        (INDEX_FILE, canonical_json(&document)?),
    ];
    for (path, bytes) in documents {
        add(&mut archive, path, &bytes).map_err(wrong)?;
    }
    for directory in ["blobs/", "blobs/sha256/"] {
        let mut header = header(EntryType::Directory, 0o755, 0);
        archive
            .append_data(&mut header, directory, io::empty())
            .map_err(wrong)?;
    }
    let mut size = 0;
    for digest in needed {
        // BINs that are not here are pulled by their digest, wherever the agent is used.
        let Some(bytes) = blob::find(dir, &digest, &BLOB)? else {
            continue;
        };
        size += bytes.len() as u64;
        let path = format!("{BLOBS}/{}", digest.hex());
        add(&mut archive, &path, &bytes).map_err(wrong)?;
    }
    let mut out = archive.into_inner().map_err(wrong)?;
    out.flush().map_err(wrong)?;
    Ok(size)
}

fn add(archive: &mut Builder<impl Write>, path: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = header(EntryType::Regular, 0o644, bytes.len() as u64);
    archive.append_data(&mut header, path, bytes)
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}
