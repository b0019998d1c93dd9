//! References that were resolved.

use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, MediaType};

use super::blob;
use super::index::Index;
use super::limits::{MANIFEST, Part};
use super::platform;
use crate::content;
use crate::error::Error;
use crate::kind::Kind;
use crate::reference::Reference;
use crate::tool_image;

/// An image as it lies in the store, for whoever passes it on.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The digest of its manifest.
    pub(crate) digest: Digest,
    /// The kind of the image.
    pub(crate) kind: Kind,
    /// The manifest, byte for byte.
    pub(crate) manifest: Vec<u8>,
    /// The blobs that the manifest describes: the config and the layers.
    pub(crate) blobs: Vec<(&'static Part, Descriptor)>,
}

/// A reference that was resolved.
pub(super) struct Found {
    pub(super) digest: Digest,
    pub(super) descriptor: Descriptor,
}

/// The first bytes of a component.
const WASM: &[u8] = b"\0asm";

/// Returns what `reference` means. The caller holds a lock.
pub(super) fn find(dir: &Dir, index: &Index, reference: &Reference) -> Result<Found, Error> {
    if let Some((digest, descriptor)) = index.find(reference) {
        let descriptor = descriptor.clone();
        return Ok(Found { digest, descriptor });
    }
    let missing = || Error::NotFound(reference.clone());
    let digest = *reference
        .digest()
        .filter(|_| reference.is_bare())
        .ok_or_else(missing)?;
    let not_an_image = |problem: &str| Error::not_a_tool(reference, problem);
    let document = match blob::find(dir, &digest, &MANIFEST) {
        Err(Error::TooLarge { .. }) => {
            return Err(not_an_image(
                "it is the digest of something larger than the manifest of an image, such as a \
                 component: name its image",
            ));
        }
        found => found?.ok_or_else(missing)?,
    };
    if document.starts_with(WASM) {
        return Err(not_an_image(
            "it is the digest of a component: name its image",
        ));
    }
    let media_type = match serde_json::from_slice::<ImageIndex>(&document) {
        Ok(_) => MediaType::ImageIndex,
        Err(_) => MediaType::ImageManifest,
    };
    let descriptor = tool_image::descriptor(media_type.as_ref(), &document)?;
    Ok(Found { digest, descriptor })
}

impl Found {
    /// The descriptor of the manifest to run: the one found, or the one for WebAssembly in the
    /// image index found.
    pub(super) fn to_run(&self, dir: &Dir, reference: &Reference) -> Result<Descriptor, Error> {
        match self.descriptor.media_type() {
            MediaType::ImageIndex => {
                let index: ImageIndex = blob::read_json(dir, &self.descriptor, &MANIFEST)?;
                platform::wasm(reference, &index).cloned()
            }
            _ => Ok(self.descriptor.clone()),
        }
    }

    /// The manifest to run.
    pub(super) fn manifest(
        &self,
        dir: &Dir,
        reference: &Reference,
    ) -> Result<ImageManifest, Error> {
        let descriptor = self.to_run(dir, reference)?;
        match descriptor.media_type() {
            MediaType::ImageManifest => blob::read_json(dir, &descriptor, &MANIFEST),
            other => Err(Error::not_a_tool(
                reference,
                format!(
                    "its manifest is `{other}`, not `{}`",
                    MediaType::ImageManifest
                ),
            )),
        }
    }

    /// The digests that signatures of it may name: its own, and that of the manifest to run.
    pub(super) fn digests(&self, dir: &Dir, reference: &Reference) -> Result<Vec<Digest>, Error> {
        let to_run = blob::digest(&self.to_run(dir, reference)?)?;
        let mut digests = vec![self.digest];
        digests.extend(Some(to_run).filter(|digest| *digest != self.digest));
        Ok(digests)
    }

    /// The image as it lies here.
    pub(super) fn stored(&self, dir: &Dir, reference: &Reference) -> Result<Stored, Error> {
        let descriptor = self.to_run(dir, reference)?;
        let manifest = blob::read(dir, &descriptor, &MANIFEST)?;
        let document = tool_image::manifest(reference, &manifest)?;
        let blobs = content::blobs(reference, &document)?
            .into_iter()
            .map(|(part, descriptor)| (part, descriptor.clone()))
            .collect();
        Ok(Stored {
            digest: blob::digest(&descriptor)?,
            kind: Kind::of(&document),
            manifest,
            blobs,
        })
    }
}
