//! Blobs: files named by the digest of what they hold.

use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use oci_spec::image::Descriptor;
use serde::de::DeserializeOwned;

use super::file;
use super::limits::Part;
use crate::error::Error;

/// Where blobs are. The only algorithm of this store; the image layout has a directory for each.
pub(super) const BLOBS: &str = "blobs/sha256";

/// The digest a descriptor gives, if it is one this store can hold.
pub(crate) fn digest(descriptor: &Descriptor) -> Result<Digest, Error> {
    let text = descriptor.digest().as_ref();
    text.parse().map_err(|error| Error::corrupt("a descriptor", format!("cannot be followed: {error}")))
}

/// Reads the blob a descriptor describes, and believes neither: the size must be allowed and the file must have it, and
/// the content must have the digest.
pub(super) fn read(dir: &Dir, descriptor: &Descriptor, part: &Part) -> Result<Vec<u8>, Error> {
    let digest = digest(descriptor)?;
    let (noun, size) = (part.noun, descriptor.size());
    let corrupt = |problem: String| Error::corrupt(format!("{noun} {digest}"), problem);
    part.check(size)?;
    let Some(bytes) = file::read(dir, &path(&digest), part)? else {
        return Err(corrupt(format!("is missing from {BLOBS}; put or pull the image again")));
    };
    if bytes.len() as u64 != size {
        return Err(corrupt(format!("has {} bytes where its descriptor says {size}", bytes.len())));
    }
    let actual = Digest::of(&bytes);
    if actual != digest {
        return Err(corrupt(format!("holds other content, {actual}; put or pull the image again")));
    }
    Ok(bytes)
}

/// Reads a blob that is a JSON document.
pub(super) fn read_json<T: DeserializeOwned>(dir: &Dir, descriptor: &Descriptor, part: &Part) -> Result<T, Error> {
    let bytes = read(dir, descriptor, part)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let what = format!("{} {}", part.noun, descriptor.digest());
        Error::corrupt(what, format!("is not the JSON its media type `{}` promises: {error}", descriptor.media_type()))
    })
}

/// Stores `bytes`, also where a file of that name is already: if it was damaged, now it is not. The caller holds the
/// exclusive lock.
pub(super) fn write(dir: &Dir, bytes: &[u8]) -> Result<(), Error> {
    dir.create_dir_all(BLOBS).map_err(Error::io(format!("create {BLOBS}")))?;
    file::replace(dir, &path(&Digest::of(bytes)), bytes)
}

/// Where the blob of this digest is.
pub(super) fn path(digest: &Digest) -> String {
    format!("{BLOBS}/{}", digest.hex())
}
