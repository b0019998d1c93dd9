//! The referrers of images: rows of the index that have a subject and no name.

use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use oci_spec::image::{Descriptor, ImageManifest};

use super::blob;
use super::index::Index;
use super::limits::{MANIFEST, Part};
use crate::error::Error;
use crate::referrer::{self, Attachment, Budget, REFERRERS_MAX, REFERRERS_MAX_BYTES, Referrer};

/// A referrer as it lies in the store, for whoever passes it on.
#[derive(Debug)]
pub(crate) struct StoredReferrer {
    /// The manifest, byte for byte.
    pub(crate) manifest: Vec<u8>,
    /// Its descriptor, as a list of referrers has it.
    pub(crate) descriptor: Descriptor,
    /// The blobs that the manifest describes.
    pub(crate) blobs: Vec<(&'static Part, Descriptor)>,
    /// True if its manifest names its subject. Of others only their name does.
    pub(crate) names_subject: bool,
}

/// Reads the referrers of these images, of one type or of all. Large ones beyond the bytes that may
/// be read are left out, with a line in the log.
pub(super) fn read(
    dir: &Dir,
    index: &Index,
    subjects: &[Digest],
    wanted: Option<&str>,
) -> Result<Vec<Referrer>, Error> {
    let mut referrers = Vec::new();
    let mut budget = Budget::default();
    for (subject, descriptor) in of(index, subjects) {
        let artifact_type = descriptor.artifact_type().as_ref();
        let is_wanted = wanted.is_none_or(|wanted| {
            artifact_type.is_some_and(|artifact_type| artifact_type.as_ref() == wanted)
        });
        if !is_wanted {
            continue;
        }
        let (digest, manifest) = manifest(dir, subject, descriptor)?;
        if !budget.takes(&manifest) {
            tracing::warn!(
                %subject,
                %digest,
                "it is left out: referrers may have {REFERRERS_MAX_BYTES} bytes together"
            );
            continue;
        }
        let read = |part: &Descriptor| blob::read(dir, part, &super::limits::REFERRER);
        referrers.push(Referrer::unpack(digest, subject, &manifest, read)?);
    }
    Ok(referrers)
}

/// The referrers of an image as they lie here.
pub(super) fn stored(
    dir: &Dir,
    index: &Index,
    subject: Digest,
) -> Result<Vec<StoredReferrer>, Error> {
    let stored = |(_, descriptor): (Digest, &Descriptor)| {
        let bytes = blob::read(dir, descriptor, &MANIFEST)?;
        let manifest = referrer::read(blob::digest(descriptor)?, subject, &bytes)?;
        let blobs = referrer::blobs(&manifest).into_iter();
        Ok(StoredReferrer {
            descriptor: referrer::described(&bytes, &manifest)?,
            blobs: blobs
                .map(|(part, descriptor)| (part, descriptor.clone()))
                .collect(),
            names_subject: manifest.subject().is_some(),
            manifest: bytes,
        })
    };
    of(index, &[subject]).map(stored).collect()
}

/// Writes a document about the image that `subject` describes, and adds it to the index. The caller
/// holds the exclusive lock, and writes the index.
pub(super) fn attach(
    dir: &Dir,
    index: &mut Index,
    subject: Descriptor,
    new: &Attachment,
) -> Result<Digest, Error> {
    let digest = blob::digest(&subject)?;
    let packed = new.pack(subject)?;
    let mut bytes = new.bytes.len() as u64;
    for (subject, descriptor) in of(index, &[digest]) {
        bytes += referrer::size(&manifest(dir, subject, descriptor)?.1);
    }
    if bytes > REFERRERS_MAX_BYTES {
        return Err(Error::TooLarge {
            what: format!("all that refers to {digest}"),
            size: bytes,
            max: REFERRERS_MAX_BYTES,
        });
    }
    let own = blob::digest(&packed.descriptor)?;
    if !index.attach(digest, packed.descriptor)? {
        return Err(Error::TooLarge {
            what: format!("the list of what refers to {digest}"),
            size: REFERRERS_MAX as u64 + 1,
            max: REFERRERS_MAX as u64,
        });
    }
    for blob in [packed.config, &new.bytes, &packed.manifest] {
        blob::write(dir, blob)?;
    }
    Ok(own)
}

/// The rows of the referrers of these images.
pub(super) fn of<'a>(
    index: &'a Index,
    subjects: &[Digest],
) -> impl Iterator<Item = (Digest, &'a Descriptor)> {
    index
        .referrers()
        .filter(|(subject, _)| subjects.contains(subject))
}

fn manifest(
    dir: &Dir,
    subject: Digest,
    descriptor: &Descriptor,
) -> Result<(Digest, ImageManifest), Error> {
    let digest = blob::digest(descriptor)?;
    let bytes = blob::read(dir, descriptor, &MANIFEST)?;
    Ok((digest, referrer::read(digest, subject, &bytes)?))
}
