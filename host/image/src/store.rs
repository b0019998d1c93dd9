//! Images on disk: an OCI image layout (`oci-layout`, `index.json`, `blobs/sha256/…`).
//!
//! Blobs are named by their digest and checked against it whenever they are read. `index.json` says
//! which digest a reference means; it is replaced as a whole, under a lock that also holds between
//! processes. A tag that moves on leaves its former image behind under its digest, so that what was
//! pinned keeps running until it is removed.

pub(crate) mod blob;
mod file;
mod incoming;
mod index;
mod layout;
pub(crate) mod limits;
mod lock;
pub(crate) mod platform;
mod sweep;
#[cfg(test)]
mod tests;

use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, MediaType};

use crate::error::Error;
use crate::reference::Reference;
use crate::tool_image::{self, Layout, ToolImage};
use index::Index;
use limits::{COMPONENT, CONFIG, MANIFEST, Part};
use lock::Lock;

pub(crate) use incoming::{Arrived, Incoming};
pub use index::Listed;
pub use limits::{
    COMPONENT_MAX_BYTES, CONFIG_MAX_BYTES, INDEX_MAX_BYTES, MANIFEST_MAX_BYTES, USAGE_MAX_BYTES,
};
pub use sweep::Swept;

/// An image store in a directory. Cheap to open; threads and processes may share the directory.
#[derive(Debug)]
pub struct Store {
    dir: Dir,
}

/// An image as it lies in the store, for whoever passes it on.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The digest of its manifest.
    pub(crate) digest: Digest,
    /// The manifest, byte for byte.
    pub(crate) manifest: Vec<u8>,
    /// The blobs that the manifest describes: the config and the layers.
    pub(crate) blobs: Vec<(&'static Part, Descriptor)>,
}

impl Store {
    /// Opens the store in `dir`, and makes one there if `dir` is empty.
    ///
    /// # Errors
    ///
    /// [`Error::NotAStore`] if `dir` holds something else, [`Error::Corrupt`] if it holds a layout
    /// this crate cannot read.
    pub fn open(dir: Dir) -> Result<Self, Error> {
        layout::open_or_create(&dir)?;
        Ok(Self { dir })
    }

    /// Stores `tool` under `reference` and returns the digest of its manifest. The same tool always
    /// has the same one.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] for what [`Store::tool`] would refuse to load, [`Error::Pinned`] if
    /// `reference` has another digest. The store is then as it was.
    pub fn put_tool(&self, reference: &Reference, tool: &ToolImage) -> Result<Digest, Error> {
        let packed = tool.pack()?;
        COMPONENT.check(tool.component.len() as u64)?;
        CONFIG.check(packed.config.len() as u64)?;
        MANIFEST.check(packed.manifest.len() as u64)?;
        if reference.is_bare() {
            return Err(Error::Nameless(reference.clone()));
        }
        let digest = Digest::of(&packed.manifest);
        if reference.digest().is_some_and(|pinned| *pinned != digest) {
            return Err(Error::Pinned {
                reference: Box::new(reference.clone()),
                actual: digest,
            });
        }

        let _lock = Lock::exclusive(&self.dir)?;
        let mut index = Index::read(&self.dir)?;
        let mut put = || {
            for blob in [&tool.component, &packed.config, &packed.manifest] {
                blob::write(&self.dir, blob)?;
            }
            let manifest =
                tool_image::descriptor(MediaType::ImageManifest.as_ref(), &packed.manifest)?;
            index.set(reference, digest, manifest);
            index.write(&self.dir)
        };
        if let Err(error) = put() {
            // The blobs that were written are nobody's. If they stay, `prune` removes them.
            let _ = Index::read(&self.dir).and_then(|index| sweep::sweep(&self.dir, &index));
            return Err(error);
        }
        Ok(digest)
    }

    /// Resolves `reference` once and loads the tool it means, with the digest it resolved to: keep
    /// [`Reference::pinned`] of it to get this very tool again.
    ///
    /// A digest decides alone; a tag beside it is not looked at. Of an image index, the entry for
    /// `wasip2/wasm` is loaded.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::NotATool`] for any other image, [`Error::TooLarge`] and
    /// [`Error::Corrupt`] for blobs that are not what the index, the manifest or their digest says.
    pub fn tool(&self, reference: &Reference) -> Result<(Digest, ToolImage), Error> {
        let _lock = Lock::shared(&self.dir)?;
        let index = Index::read(&self.dir)?;
        let (digest, found) = index
            .find(reference)
            .ok_or_else(|| Error::NotFound(reference.clone()))?;
        let manifest = self.manifest(reference, found)?;
        let layout = Layout::of(reference, &manifest)?;
        let read = |descriptor: &Descriptor, part: &Part| blob::read(&self.dir, descriptor, part);
        Ok((
            digest,
            ToolImage::unpack(reference, &manifest, &layout, read)?,
        ))
    }

    /// Every image that has a name, sorted by it. Reads the index only, so a broken image is listed
    /// too.
    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        let _lock = Lock::shared(&self.dir)?;
        Ok(Index::read(&self.dir)?.list())
    }

    /// Removes a name and, unless another name needs them, its blobs. Returns what the name meant.
    ///
    /// A reference with only a digest removes every name this image has in its repository; one with
    /// a tag and a digest removes the tag if it has that digest.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub fn remove(&self, reference: &Reference) -> Result<Digest, Error> {
        let _lock = Lock::exclusive(&self.dir)?;
        let mut index = Index::read(&self.dir)?;
        let digest = index
            .remove(reference)
            .ok_or_else(|| Error::NotFound(reference.clone()))?;
        index.write(&self.dir)?;
        match sweep::sweep(&self.dir, &index) {
            Ok(_) => {}
            // The name is gone all the same; `prune` says it again.
            Err(error @ (Error::Corrupt { .. } | Error::TooLarge { .. })) => {
                tracing::warn!(%error, "no blob was removed: an image cannot be read");
            }
            Err(error) => return Err(error),
        }
        Ok(digest)
    }

    /// Removes the blobs that no name leads to, and what pulls that died have left. Pulls and puts
    /// under way keep what is theirs.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if an image cannot be followed: any blob might be its own, so none is
    /// removed.
    pub fn prune(&self) -> Result<Swept, Error> {
        let _lock = Lock::exclusive(&self.dir)?;
        let mut swept = sweep::sweep(&self.dir, &Index::read(&self.dir)?)?;
        swept.bytes += file::sweep(&self.dir)? + incoming::sweep(&self.dir)?;
        Ok(swept)
    }

    /// Returns the digest that `reference` means, if anything. Reads the index only.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if the index cannot be read.
    pub fn digest(&self, reference: &Reference) -> Result<Option<Digest>, Error> {
        let _lock = Lock::shared(&self.dir)?;
        Ok(Index::read(&self.dir)?
            .find(reference)
            .map(|(digest, _)| digest))
    }

    /// The image that `reference` means, as it lies here. Of an image index, the manifest for
    /// WebAssembly.
    pub(crate) fn stored(&self, reference: &Reference) -> Result<Stored, Error> {
        let _lock = Lock::shared(&self.dir)?;
        let index = Index::read(&self.dir)?;
        let (_, found) = index
            .find(reference)
            .ok_or_else(|| Error::NotFound(reference.clone()))?;
        let indexed: ImageIndex;
        let found = match found.media_type() {
            MediaType::ImageIndex => {
                indexed = blob::read_json(&self.dir, found, &MANIFEST)?;
                platform::wasm(reference, &indexed)?
            }
            _ => found,
        };
        let manifest = blob::read(&self.dir, found, &MANIFEST)?;
        let document = tool_image::manifest(reference, &manifest)?;
        let layout = Layout::of(reference, &document)?;
        let blobs = layout
            .blobs()
            .map(|(part, descriptor)| (part, descriptor.clone()))
            .collect();
        Ok(Stored {
            digest: blob::digest(found)?,
            manifest,
            blobs,
        })
    }

    /// A blob of an image, to be read in pieces.
    pub(crate) fn blob(&self, part: &Part, descriptor: &Descriptor) -> Result<blob::Reader, Error> {
        let _lock = Lock::shared(&self.dir)?;
        blob::Reader::open(&self.dir, descriptor, part)
    }

    /// Begins a blob that comes in.
    pub(crate) fn incoming(
        &self,
        part: &Part,
        digest: Digest,
        size: u64,
    ) -> Result<Incoming, Error> {
        Incoming::begin(&self.dir, part, digest, size)
    }

    /// A blob that need not come in, because it is here.
    pub(crate) fn arrived(
        &self,
        part: &Part,
        digest: Digest,
        size: u64,
    ) -> Result<Option<Arrived>, Error> {
        Incoming::from_store(&self.dir, part, digest, size)
    }

    /// Makes `blobs` part of the store and `reference` mean the one that `top` describes. Returns
    /// what it meant before.
    pub(crate) fn keep(
        &self,
        reference: &Reference,
        top: Descriptor,
        blobs: Vec<Arrived>,
    ) -> Result<Option<Digest>, Error> {
        let digest = blob::digest(&top)?;
        let _lock = Lock::exclusive(&self.dir)?;
        let mut index = Index::read(&self.dir)?;
        let tagged = reference
            .tagged()
            .unwrap_or_else(|| reference.pinned(digest));
        let former = index.find(&tagged).map(|(digest, _)| digest);
        self.dir
            .create_dir_all(blob::BLOBS)
            .map_err(Error::io(format!("create {}", blob::BLOBS)))?;
        blobs.into_iter().try_for_each(Arrived::place)?;
        // The names must be on disk before anything refers to them.
        let synced = self
            .dir
            .open(blob::BLOBS)
            .and_then(|blobs| blobs.sync_all());
        synced.map_err(Error::io(format!("write {}", blob::BLOBS)))?;
        index.set(reference, digest, top);
        index.write(&self.dir)?;
        Ok(former)
    }

    /// The manifest to run for `reference`: the one found, or the one for WebAssembly in the image
    /// index found.
    fn manifest(&self, reference: &Reference, found: &Descriptor) -> Result<ImageManifest, Error> {
        let indexed: ImageIndex;
        let descriptor = match found.media_type() {
            MediaType::ImageIndex => {
                indexed = blob::read_json(&self.dir, found, &MANIFEST)?;
                platform::wasm(reference, &indexed)?
            }
            _ => found,
        };
        match descriptor.media_type() {
            MediaType::ImageManifest => blob::read_json(&self.dir, descriptor, &MANIFEST),
            other => Err(Error::not_a_tool(
                reference,
                format!(
                    "its manifest is `{other}`, not `{}`",
                    MediaType::ImageManifest
                ),
            )),
        }
    }
}
