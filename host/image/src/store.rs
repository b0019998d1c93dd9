//! Images on disk: an OCI image layout (`oci-layout`, `index.json`, `blobs/sha256/…`).
//!
//! Blobs are named by their digest and checked against it whenever they are read. `index.json` says
//! which digest a reference means; it is replaced as a whole, under a lock that also holds between
//! processes. A tag that moves on leaves its former image behind under its digest, so that what was
//! pinned keeps running until it is removed.

pub(crate) mod blob;
mod details;
mod export;
mod file;
mod found;
mod import;
mod incoming;
mod index;
mod layout;
pub(crate) mod limits;
mod lock;
pub(crate) mod platform;
mod referrers;
mod sweep;
#[cfg(test)]
mod tests;

use std::io::{Read, Write};

use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use oci_spec::image::{ANNOTATION_REF_NAME, Descriptor, MediaType};

use crate::agent_image::{AgentImage, PackedAgent};
use crate::error::Error;
use crate::kind::{AGENT_ARTIFACT, Kind};
use crate::reference::Reference;
use crate::referrer::{Attachment, Referrer};
use crate::signers::Signers;
use crate::tool_image::{self, Layout, ToolImage};
use found::Found;
use index::Index;
use limits::{COMPONENT, CONFIG, MANIFEST, Part};
use lock::Lock;

pub(crate) use found::Stored;
pub(crate) use incoming::{Arrived, Incoming};
pub use index::Listed;
pub use limits::{
    COMPONENT_MAX_BYTES, CONFIG_MAX_BYTES, INDEX_MAX_BYTES, MANIFEST_MAX_BYTES, USAGE_MAX_BYTES,
};
pub(crate) use referrers::StoredReferrer;
pub use sweep::Swept;

/// An image store in a directory. Cheap to open; threads and processes may share the directory.
#[derive(Debug)]
pub struct Store {
    dir: Dir,
}

/// An image that came out of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its name.
    pub reference: Reference,
    /// Its digest.
    pub digest: Digest,
    /// Its kind.
    pub kind: Kind,
    /// The image that the name meant before, if that was another one.
    pub moved_from: Option<Digest>,
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
        let blobs = [&*tool.component, &packed.config];
        let top = tool_image::descriptor(MediaType::ImageManifest.as_ref(), &packed.manifest)?;
        let names = std::slice::from_ref(reference);
        self.put(names, top, &packed.manifest, &blobs)
    }

    /// Stores an agent under these names, at least one, and with it the tools that have no name but
    /// their place in its lock. Returns the digest of its manifest.
    pub(crate) fn put_agent(
        &self,
        names: &[Reference],
        agent: &PackedAgent,
        tools: &[ToolImage],
    ) -> Result<Digest, Error> {
        let packed = tools
            .iter()
            .map(ToolImage::pack)
            .collect::<Result<Vec<_>, _>>()?;
        let mut blobs: Vec<&[u8]> = vec![&agent.config];
        blobs.extend(agent.layers.iter().map(Vec::as_slice));
        for (tool, packed) in tools.iter().zip(&packed) {
            COMPONENT.check(tool.component.len() as u64)?;
            blobs.extend([&*tool.component, &packed.config, &packed.manifest]);
        }
        let mut top = tool_image::descriptor(MediaType::ImageManifest.as_ref(), &agent.manifest)?;
        top.set_artifact_type(Some(MediaType::from(AGENT_ARTIFACT)));
        self.put(names, top, &agent.manifest, &blobs)
    }

    /// Stores an image whose parts are in memory under these names.
    fn put(
        &self,
        names: &[Reference],
        top: Descriptor,
        manifest: &[u8],
        blobs: &[&[u8]],
    ) -> Result<Digest, Error> {
        MANIFEST.check(manifest.len() as u64)?;
        let digest = Digest::of(manifest);
        for name in names {
            if name.is_bare() {
                return Err(Error::Nameless(name.clone()));
            }
            if name.digest().is_some_and(|pinned| *pinned != digest) {
                return Err(Error::Pinned {
                    reference: Box::new(name.clone()),
                    actual: digest,
                });
            }
        }

        let _lock = Lock::exclusive(&self.dir)?;
        let mut index = Index::read(&self.dir)?;
        let mut put = || {
            for blob in blobs.iter().chain([&manifest]) {
                blob::write(&self.dir, blob)?;
            }
            for name in names {
                index.set(name, digest, top.clone());
            }
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
    /// `wasip2/wasm` is loaded. A digest without a name also means a tool that has none, because
    /// only the lock of an agent leads to it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::NotATool`] for any other image, [`Error::TooLarge`] and
    /// [`Error::Corrupt`] for blobs that are not what the index, the manifest or their digest says.
    pub fn tool(&self, reference: &Reference) -> Result<(Digest, ToolImage), Error> {
        let _lock = Lock::shared(&self.dir)?;
        let found = self.find(reference)?;
        let manifest = found.manifest(&self.dir, reference)?;
        let layout = Layout::of(reference, &manifest)?;
        let read = |descriptor: &Descriptor, part: &Part| blob::read(&self.dir, descriptor, part);
        Ok((
            found.digest,
            ToolImage::unpack(reference, &manifest, &layout, read)?,
        ))
    }

    /// Resolves `reference` once and loads the agent it means.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::NotAnAgent`] for any other image and for one that no Agentfile
    /// could be, [`Error::TooLarge`] and [`Error::Corrupt`] as [`Store::tool`].
    pub fn agent(&self, reference: &Reference) -> Result<AgentImage, Error> {
        let _lock = Lock::shared(&self.dir)?;
        let Found { digest, descriptor } = self.find(reference)?;
        if *descriptor.media_type() != MediaType::ImageManifest {
            let problem = match descriptor.media_type() {
                MediaType::ImageIndex => "it is a tool for several platforms".to_owned(),
                other => format!("its manifest is `{other}`"),
            };
            return Err(Error::not_an_agent(reference, problem));
        }
        let manifest = blob::read_json(&self.dir, &descriptor, &MANIFEST)?;
        if Kind::of(&manifest) == Kind::Tool {
            let tool = "`cofferdam tool inspect` says what it is instead";
            return Err(Error::not_an_agent(reference, tool));
        }
        let read = |descriptor: &Descriptor, part: &Part| blob::read(&self.dir, descriptor, part);
        AgentImage::unpack(reference, digest, &manifest, read)
    }

    /// Every image that has a name, sorted by it. A broken image is listed too.
    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        let _lock = Lock::shared(&self.dir)?;
        let index = Index::read(&self.dir)?;
        Ok(index.list(|descriptor, listed| details::add(&self.dir, descriptor, listed)))
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
        // Where an image cannot be read, its referrers stay; the sweep says so.
        sweep::drop_referrers(&self.dir, &mut index).ok();
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
        let mut index = Index::read(&self.dir)?;
        if sweep::drop_referrers(&self.dir, &mut index)? {
            index.write(&self.dir)?;
        }
        let mut swept = sweep::sweep(&self.dir, &index)?;
        swept.bytes += file::sweep(&self.dir)? + incoming::sweep(&self.dir)?;
        Ok(swept)
    }

    /// Returns the digest that `reference` means, if anything.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if the index cannot be read.
    pub fn digest(&self, reference: &Reference) -> Result<Option<Digest>, Error> {
        let _lock = Lock::shared(&self.dir)?;
        match self.find(reference) {
            Ok(found) => Ok(Some(found.digest)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The image that `reference` means, as it lies here. Of an image index, the manifest for
    /// WebAssembly.
    pub(crate) fn stored(&self, reference: &Reference) -> Result<Stored, Error> {
        let _lock = Lock::shared(&self.dir)?;
        self.find(reference)?.stored(&self.dir, reference)
    }

    /// Adds a document that refers to the manifest or image index `subject`, and returns the digest
    /// of its own manifest. The same document about the same image has the same one, and is kept
    /// once.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the image is not here, [`Error::TooLarge`] if the document is too
    /// large, or the image has too many.
    pub fn attach(&self, subject: &Digest, new: &Attachment) -> Result<Digest, Error> {
        let _lock = Lock::exclusive(&self.dir)?;
        let mut index = Index::read(&self.dir)?;
        let bare = Reference::bare(*subject);
        let mut subject = found::find(&self.dir, &index, &bare)?.descriptor;
        subject.set_annotations(None);
        let digest = referrers::attach(&self.dir, &mut index, subject, new)?;
        index.write(&self.dir)?;
        Ok(digest)
    }

    /// The documents that refer to the image that `reference` means, of one type or of all. Those
    /// of an image for several platforms refer to its index, or to its manifest for WebAssembly.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], and [`Error::Corrupt`] for blobs that are damaged.
    pub fn referrers(
        &self,
        reference: &Reference,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Referrer>, Error> {
        let _lock = Lock::shared(&self.dir)?;
        let index = Index::read(&self.dir)?;
        let found = found::find(&self.dir, &index, reference)?;
        let subjects = found.digests(&self.dir, reference)?;
        referrers::read(&self.dir, &index, &subjects, artifact_type)
    }

    /// The digests that signatures of an image may name, and every name that the image has here.
    pub(crate) fn signable(
        &self,
        reference: &Reference,
    ) -> Result<(Vec<Digest>, Vec<Reference>), Error> {
        let _lock = Lock::shared(&self.dir)?;
        let index = Index::read(&self.dir)?;
        let found = found::find(&self.dir, &index, reference)?;
        let names = index.names(&found.digest);
        Ok((found.digests(&self.dir, reference)?, names))
    }

    /// The referrers of an image as they lie here, for whoever passes them on.
    pub(crate) fn stored_referrers(&self, subject: Digest) -> Result<Vec<StoredReferrer>, Error> {
        let _lock = Lock::shared(&self.dir)?;
        referrers::stored(&self.dir, &Index::read(&self.dir)?, subject)
    }

    /// Writes images as one file, an OCI image layout in a tar archive, with the BINs of agents as
    /// far as they are here, and what refers to any of them. Returns the number of bytes in their
    /// blobs.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], and [`Error::Corrupt`] for blobs that are damaged.
    pub fn export(&self, references: &[Reference], out: impl Write) -> Result<u64, Error> {
        let _lock = Lock::shared(&self.dir)?;
        let mut rows = Vec::new();
        for reference in references {
            let Found { mut descriptor, .. } = self.find(reference)?;
            let name = (ANNOTATION_REF_NAME.to_owned(), reference.to_string());
            let names = Some(name).filter(|_| !reference.is_bare());
            descriptor.set_annotations(Some(names.into_iter().collect()));
            rows.push(descriptor);
        }
        export::write(&self.dir, &Index::read(&self.dir)?, rows, out)
    }

    /// Takes the images of an archive, as [`Store::export`] and other programs write it, with the
    /// BINs of agents that are in it. `name` is for an archive of one image: its name, instead of
    /// the one that it has there.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] and [`Error::TooLarge`] for an archive that is not what it should be,
    /// [`Error::NotATool`] and [`Error::NotAnAgent`] for what is neither in it, [`Error::Unsigned`]
    /// for an image that lacks a signature which its name requires. The store is then as it was.
    pub fn import(
        &self,
        archive: impl Read,
        name: Option<&Reference>,
        signers: &Signers,
    ) -> Result<Vec<Imported>, Error> {
        let brought = import::read(&self.dir, archive, name)?;
        for image in &brought.images {
            if signers.requires(&image.reference) {
                let mut documents = brought.documents(&image.signable)?;
                documents.extend(self.documents(&image.signable)?);
                signers.check(&image.reference, &image.signable, &documents)?;
            }
        }
        let import::Brought {
            images,
            referrers,
            blobs,
        } = brought;
        let rows = images
            .iter()
            .map(|image| (image.reference.clone(), image.descriptor.clone()));
        let former = self.keep_all(rows.collect(), referrers, blobs)?;
        let imported = images
            .into_iter()
            .zip(former)
            .map(|(image, former)| Imported {
                reference: image.reference,
                digest: image.digest,
                kind: image.kind,
                moved_from: former.filter(|former| *former != image.digest),
            });
        Ok(imported.collect())
    }

    /// The documents of this store that refer to one of these digests.
    fn documents(&self, subjects: &[Digest]) -> Result<Vec<Referrer>, Error> {
        let _lock = Lock::shared(&self.dir)?;
        referrers::read(&self.dir, &Index::read(&self.dir)?, subjects, None)
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

    /// Makes `blobs` part of the store, and each name mean what is described beside it;
    /// `referrers` refer to the digests beside them. Returns what each name meant before.
    pub(crate) fn keep_all(
        &self,
        rows: Vec<(Reference, Descriptor)>,
        referrers: Vec<(Digest, Descriptor)>,
        blobs: Vec<Arrived>,
    ) -> Result<Vec<Option<Digest>>, Error> {
        let _lock = Lock::exclusive(&self.dir)?;
        let mut index = Index::read(&self.dir)?;
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
        let mut former = Vec::new();
        for (reference, top) in rows {
            let digest = blob::digest(&top)?;
            let tagged = reference
                .tagged()
                .unwrap_or_else(|| reference.pinned(digest));
            former.push(index.find(&tagged).map(|(digest, _)| digest));
            index.set(&reference, digest, top);
        }
        for (subject, descriptor) in referrers {
            if !index.attach(subject, descriptor)? {
                tracing::warn!(%subject, "it has too many referrers: some are left out");
            }
        }
        index.write(&self.dir)?;
        Ok(former)
    }

    /// Returns what `reference` means. The caller holds a lock.
    fn find(&self, reference: &Reference) -> Result<Found, Error> {
        found::find(&self.dir, &Index::read(&self.dir)?, reference)
    }
}
