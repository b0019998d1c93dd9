//! Documents that refer to an image: signatures, reviews, provenance, bills of materials (OCI
//! image specification 1.1, "subject").
//!
//! A referrer is a manifest of its own. No digest of the image covers it, so whoever may push may
//! add one: it is data, and what it says is believed for a signature alone.

use std::collections::BTreeMap;
use std::fmt;

use cofferdam_capability::Digest;
use oci_spec::image::{Descriptor, ImageManifest, ImageManifestBuilder, MediaType, SCHEMA_VERSION};

use crate::error::Error;
use crate::store::blob;
use crate::store::limits::{MANIFEST, Part, REFERRER};
use crate::tool_image::{canonical_json, descriptor};

/// The most referrers of one image that are kept or fetched. An image has a few signatures, reviews
/// and attestations; more than this are somebody's flood.
pub const REFERRERS_MAX: usize = 64;

/// The most bytes of all referrers of one image together (32 MiB), which are held in memory while
/// they are looked at. The largest known bills of materials have a few MiB.
pub const REFERRERS_MAX_BYTES: u64 = 32 << 20;

/// The size of a referrer that takes no room from others (64 KiB). A signature with the
/// certificates of its signer and the proof of a log has about 20 KiB.
pub(crate) const SMALL_MAX_BYTES: u64 = 64 << 10;

/// The most layers of a referrer. One has one; an older signature of cosign has one for each
/// signer.
const PARTS_MAX: usize = 16;

/// The longest type of an artifact, in bytes: that of a media type (RFC 6838).
const TYPE_MAX_BYTES: usize = 255;

/// The content of the empty config (OCI image specification, "Guidance for an empty descriptor").
const EMPTY: &[u8] = b"{}";

/// A document that refers to an image. Its digests have been checked, and nothing else of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// The digest of its own manifest.
    pub digest: Digest,
    /// The digest of the manifest or image index that it refers to.
    pub subject: Digest,
    /// The type of the document, as its manifest says.
    pub artifact_type: String,
    /// The annotations of its manifest.
    pub annotations: BTreeMap<String, String>,
    /// The document; an older signature of cosign has one part for each signer.
    pub parts: Vec<ReferrerPart>,
}

/// A part of a document.
#[derive(Clone, PartialEq, Eq)]
pub struct ReferrerPart {
    /// Its media type.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// The annotations of its descriptor.
    pub annotations: BTreeMap<String, String>,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A document that is to refer to an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The type of the document.
    pub artifact_type: String,
    /// The media type of its content.
    pub media_type: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// The annotations of its manifest.
    pub annotations: BTreeMap<String, String>,
}

/// The bytes that the large referrers of an image may still have. Small ones are always let
/// through, and their number is bounded: what others add leaves a signature its room.
pub(crate) struct Budget(u64);

/// The blobs of a new referrer. The same document about the same image gives the same ones.
pub(crate) struct PackedReferrer {
    pub(crate) manifest: Vec<u8>,
    pub(crate) config: &'static [u8],
    /// Describes the manifest.
    pub(crate) descriptor: Descriptor,
}

impl Default for Budget {
    fn default() -> Self {
        Self(REFERRERS_MAX_BYTES)
    }
}

impl Budget {
    /// Returns true if there is room for the blobs of this manifest, and takes it.
    pub(crate) fn takes(&mut self, manifest: &ImageManifest) -> bool {
        let size = size(manifest);
        if size <= SMALL_MAX_BYTES {
            return true;
        }
        let left = self.0.checked_sub(size);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

impl Attachment {
    /// Makes the manifest of this document about `subject`.
    pub(crate) fn pack(&self, subject: Descriptor) -> Result<PackedReferrer, Error> {
        REFERRER.check(self.bytes.len() as u64)?;
        let annotations = self.annotations.clone();
        let manifest = ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .artifact_type(self.artifact_type.as_str())
            .config(descriptor(MediaType::EmptyJSON.as_ref(), EMPTY)?)
            .layers(vec![descriptor(&self.media_type, &self.bytes)?])
            .subject(subject)
            .annotations(
                annotations
                    .into_iter()
                    .collect::<std::collections::HashMap<_, _>>(),
            )
            .build()
            .map_err(|error| Error::io("write a manifest")(std::io::Error::other(error)))?;
        let bytes = canonical_json(&manifest)?;
        MANIFEST.check(bytes.len() as u64)?;
        let descriptor = described(&bytes, &manifest)?;
        Ok(PackedReferrer {
            manifest: bytes,
            config: EMPTY,
            descriptor,
        })
    }
}

impl Referrer {
    /// The referrer that `manifest` describes; `read` gives its parts, checked.
    pub(crate) fn unpack(
        digest: Digest,
        subject: Digest,
        manifest: &ImageManifest,
        read: impl Fn(&Descriptor) -> Result<Vec<u8>, Error>,
    ) -> Result<Self, Error> {
        let part = |layer: &Descriptor| {
            Ok(ReferrerPart {
                media_type: layer.media_type().to_string(),
                digest: blob::digest(layer)?,
                annotations: layer.annotations().clone().into_iter().flatten().collect(),
                bytes: read(layer)?,
            })
        };
        let parts = manifest.layers().iter().map(part);
        Ok(Self {
            digest,
            subject,
            artifact_type: artifact_type(manifest).to_owned(),
            annotations: manifest
                .annotations()
                .clone()
                .into_iter()
                .flatten()
                .collect(),
            parts: parts.collect::<Result<_, Error>>()?,
        })
    }

    /// The content, of a document that has one part.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [part] => Some(&part.bytes),
            _ => None,
        }
    }
}

impl fmt::Debug for ReferrerPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReferrerPart")
            .field("media_type", &self.media_type)
            .field("digest", &self.digest)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// Describes the manifest of a referrer as lists of referrers do: with its type and annotations.
pub(crate) fn described(bytes: &[u8], manifest: &ImageManifest) -> Result<Descriptor, Error> {
    let mut described = descriptor(MediaType::ImageManifest.as_ref(), bytes)?;
    described.set_artifact_type(Some(MediaType::from(artifact_type(manifest))));
    described.set_annotations(manifest.annotations().clone());
    Ok(described)
}

/// The type of a referrer: that of its config where its manifest has none (OCI image specification,
/// "Guidelines for Artifact Usage").
pub(crate) fn artifact_type(manifest: &ImageManifest) -> &str {
    match manifest.artifact_type() {
        Some(artifact_type) => artifact_type.as_ref(),
        None => manifest.config().media_type().as_ref(),
    }
}

/// Reads the manifest of a referrer of `subject`, and refuses one that exceeds a limit, or refers
/// to something else. One that refers to nothing is found by its name (`sha256-<hex>.sig`).
pub(crate) fn read(digest: Digest, subject: Digest, bytes: &[u8]) -> Result<ImageManifest, Error> {
    let wrong = |problem: String| Error::corrupt(format!("the referrer {digest}"), problem);
    let manifest: ImageManifest = serde_json::from_slice(bytes)
        .map_err(|error| wrong(format!("is no image manifest: {error}")))?;
    if let Some(other) = manifest.subject().as_ref().map(blob::digest) {
        let other = other?;
        if other != subject {
            return Err(wrong(format!("refers to {other}, not to {subject}")));
        }
    }
    let layers = manifest.layers().len();
    if layers > PARTS_MAX {
        return Err(wrong(format!(
            "has {layers} layers, at most {PARTS_MAX} are read"
        )));
    }
    if artifact_type(&manifest).len() > TYPE_MAX_BYTES {
        return Err(wrong(format!(
            "has a type of more than {TYPE_MAX_BYTES} bytes"
        )));
    }
    for (part, descriptor) in blobs(&manifest) {
        part.check(descriptor.size())?;
        blob::digest(descriptor)?;
    }
    Ok(manifest)
}

/// Every blob that the manifest of a referrer needs, each once.
pub(crate) fn blobs(manifest: &ImageManifest) -> Vec<(&'static Part, &Descriptor)> {
    let mut blobs: Vec<(&'static Part, &Descriptor)> = Vec::new();
    for descriptor in std::iter::once(manifest.config()).chain(manifest.layers()) {
        if !blobs
            .iter()
            .any(|(_, other)| other.digest() == descriptor.digest())
        {
            blobs.push((&REFERRER, descriptor));
        }
    }
    blobs
}

/// The size of these blobs together, in bytes.
pub(crate) fn size(manifest: &ImageManifest) -> u64 {
    let sizes = blobs(manifest).into_iter().map(|(_, blob)| blob.size());
    sizes.fold(0, u64::saturating_add)
}
