//! Images from one file: an OCI image layout in a tar archive. Its blobs come in beside the store,
//! as those of a pull do, and nothing in it is believed.

use std::collections::HashMap;
use std::io::{self, Read};

use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use oci_spec::image::{ANNOTATION_REF_NAME, Descriptor, ImageIndex, ImageManifest, MediaType};
use tar::{Archive, Entry, EntryType};

use super::blob::{self, BLOBS};
use super::incoming::{Arrived, Incoming};
use super::index::{self, INDEX_FILE};
use super::limits::{BLOB, INDEX, MANIFEST, Part};
use super::platform;
use crate::agent_image::locked_digests;
use crate::content;
use crate::error::Error;
use crate::kind::{AGENT_ARTIFACT, Kind};
use crate::reference::Reference;
use crate::referrer::{self, Budget, REFERRERS_MAX, Referrer};
use crate::tool_image;

/// The most entries of an archive: those of a few hundred images.
const ENTRIES_MAX: usize = 1 << 14;

/// The largest extended header that is passed over, in bytes (64 KiB): times and owners.
const HEADER_MAX_BYTES: u64 = 64 << 10;

/// The most bytes that the blobs of an archive have together (4 GiB): they are on the disk before
/// anybody knows what they are.
const BLOBS_MAX_BYTES: u64 = 4 << 30;

/// The most images of an archive.
const IMAGES_MAX: usize = 256;

/// The most rows of the index of an archive: a few thousand, for images and what refers to them.
const ROWS_MAX: usize = 4096;

/// The bytes that are written at once.
const PIECE_BYTES: usize = 256 << 10;

/// Images that have been read and checked, and are not part of the store yet.
pub(super) struct Brought {
    pub(super) images: Vec<BroughtImage>,
    /// The referrers of them and of their BINs, beside the digest that it refers to.
    pub(super) referrers: Vec<(Digest, Descriptor)>,
    /// The blobs that all of these need.
    pub(super) blobs: Vec<Arrived>,
}

/// One of them.
pub(super) struct BroughtImage {
    pub(super) reference: Reference,
    pub(super) digest: Digest,
    /// The digests that signatures of it may name: its own, and that of the manifest to run.
    pub(super) signable: Vec<Digest>,
    pub(super) kind: Kind,
    pub(super) descriptor: Descriptor,
}

impl Brought {
    /// The documents that refer to one of these digests: as many as the store keeps of each.
    pub(super) fn documents(&self, subjects: &[Digest]) -> Result<Vec<Referrer>, Error> {
        let bytes_of = |digest: Digest| {
            let found = self.blobs.iter().find(|blob| blob.digest() == digest);
            let missing = || wrong(format!("lacks the blob {digest}"));
            found.ok_or_else(missing)?.read()
        };
        let mut budget = Budget::default();
        let mut documents = Vec::new();
        for subject in subjects {
            let rows = self.referrers.iter().filter(|(of, _)| of == subject);
            for (_, row) in rows.take(REFERRERS_MAX) {
                let digest = blob::digest(row)?;
                let manifest = referrer::read(digest, *subject, &bytes_of(digest)?)?;
                if budget.takes(&manifest) {
                    let read = |part: &Descriptor| bytes_of(blob::digest(part)?);
                    documents.push(Referrer::unpack(digest, *subject, &manifest, read)?);
                }
            }
        }
        Ok(documents)
    }
}

/// The parts of an archive.
struct Parts {
    index: ImageIndex,
    blobs: HashMap<Digest, Arrived>,
}

/// Reads an archive. `name` is what its one image is to be called, instead of the name that it has
/// there.
pub(super) fn read(
    dir: &Dir,
    archive: impl Read,
    name: Option<&Reference>,
) -> Result<Brought, Error> {
    let Parts { index, blobs } = parts(dir, archive)?;
    let rows = index.manifests();
    if rows.len() > ROWS_MAX {
        return Err(wrong(format!(
            "has an index of {} rows, at most {ROWS_MAX} are read",
            rows.len()
        )));
    }
    let (referring, rows): (Vec<_>, Vec<_>) = rows
        .iter()
        .map(|row| (subject(row, &blobs), row))
        .partition(|(subject, _)| subject.is_some());
    if rows.is_empty() || rows.len() > IMAGES_MAX {
        return Err(wrong(format!(
            "holds {} images; expected 1 to {IMAGES_MAX}",
            rows.len()
        )));
    }
    if name.is_some() && rows.len() > 1 {
        return Err(wrong(format!(
            "holds {} images, which cannot all have one name; leave --tag out",
            rows.len()
        )));
    }
    let mut images = Vec::new();
    let mut needed = Vec::new();
    for (_, row) in rows {
        let reference = match name {
            Some(name) => name.clone(),
            None => own_name(row)?,
        };
        images.push(image(reference, row, &blobs, &mut needed)?);
    }
    let mut referrers = Vec::new();
    for (subject, row) in referring {
        // Of an image that is not in the archive, nobody here would ask for them.
        let Some(subject) = subject.filter(|subject| needed.contains(subject)) else {
            continue;
        };
        referrers.push((subject, referrer(subject, row, &blobs, &mut needed)?));
    }
    let mut blobs = blobs;
    // Of two images that share a blob, one brings it.
    let blobs = needed.iter().filter_map(|digest| blobs.remove(digest));
    Ok(Brought {
        images,
        referrers,
        blobs: blobs.collect(),
    })
}

/// The image that a row without a name refers to, by the row or by its manifest.
fn subject(row: &Descriptor, blobs: &HashMap<Digest, Arrived>) -> Option<Digest> {
    let annotations = row.annotations().as_ref();
    if annotations.is_some_and(|all| all.contains_key(ANNOTATION_REF_NAME)) {
        return None;
    }
    if let Some(subject) = index::subject_of(row) {
        return Some(subject);
    }
    let blob = blobs.get(&blob::digest(row).ok()?)?;
    MANIFEST.check(blob.size()).ok()?;
    let bytes = blob.read().ok()?;
    let manifest: ImageManifest = serde_json::from_slice(&bytes).ok()?;
    blob::digest(manifest.subject().as_ref()?).ok()
}

/// Checks a referrer, and adds the blobs that it needs.
fn referrer(
    subject: Digest,
    row: &Descriptor,
    blobs: &HashMap<Digest, Arrived>,
    needed: &mut Vec<Digest>,
) -> Result<Descriptor, Error> {
    let digest = blob::digest(row)?;
    let missing = |what: Digest| wrong(format!("lacks {what} of the referrer {digest}"));
    let blob = blobs.get(&digest).ok_or_else(|| missing(digest))?;
    MANIFEST.check(blob.size())?;
    let bytes = blob.read()?;
    let manifest = referrer::read(digest, subject, &bytes)?;
    needed.push(digest);
    for (_, part) in referrer::blobs(&manifest) {
        let part_digest = blob::digest(part)?;
        let bytes = blobs
            .get(&part_digest)
            .ok_or_else(|| missing(part_digest))?;
        if bytes.size() != part.size() {
            let problem = format!(
                "has {} bytes where its descriptor says {}",
                bytes.size(),
                part.size()
            );
            return Err(Error::corrupt(format!("the blob {part_digest}"), problem));
        }
        needed.push(part_digest);
    }
    referrer::described(&bytes, &manifest)
}

/// The name that an image has in the archive.
fn own_name(row: &Descriptor) -> Result<Reference, Error> {
    let annotations = row.annotations().as_ref();
    let name = annotations.and_then(|all| all.get(ANNOTATION_REF_NAME));
    let name = name
        .ok_or_else(|| wrong("holds an image without a name; give it one with --tag".to_owned()))?;
    let name = name.parse();
    name.map_err(|error| {
        wrong(format!(
            "gives an image a name that it cannot have here: {error}; give it another with --tag"
        ))
    })
}

/// Checks an image, and adds the blobs that it needs.
fn image(
    reference: Reference,
    row: &Descriptor,
    blobs: &HashMap<Digest, Arrived>,
    needed: &mut Vec<Digest>,
) -> Result<BroughtImage, Error> {
    let top = blob::digest(row)?;
    let read = |descriptor: &Descriptor, part: &Part| {
        part.check(descriptor.size())?;
        let digest = blob::digest(descriptor)?;
        let missing = || wrong(format!("lacks {} {digest} of {reference}", part.noun));
        let bytes = blobs.get(&digest).ok_or_else(missing)?.read()?;
        if bytes.len() as u64 != descriptor.size() {
            let problem = format!(
                "has {} bytes where its descriptor says {}",
                bytes.len(),
                descriptor.size()
            );
            return Err(Error::corrupt(format!("{} {digest}", part.noun), problem));
        }
        Ok(bytes)
    };
    needed.push(top);
    let mut signable = vec![top];
    let bytes = read(row, &MANIFEST)?;
    let mut media_type = MediaType::ImageManifest;
    let mut manifest_bytes = bytes;
    if *row.media_type() == MediaType::ImageIndex {
        let index: ImageIndex = serde_json::from_slice(&manifest_bytes).map_err(|error| {
            wrong(format!(
                "has the index of an image that cannot be read: {error}"
            ))
        })?;
        let wasm = platform::wasm(&reference, &index)?;
        needed.push(blob::digest(wasm)?);
        signable.push(blob::digest(wasm)?);
        manifest_bytes = read(wasm, &MANIFEST)?;
        media_type = MediaType::ImageIndex;
    }
    let manifest = tool_image::manifest(&reference, &manifest_bytes)?;
    check(&reference, top, &manifest, &read, needed)?;
    let kind = Kind::of(&manifest);
    if kind == Kind::Agent {
        for digest in locked_digests(&manifest) {
            // One that is not here is pulled where the agent is used.
            let Some(tool) = blobs.get(&digest) else {
                continue;
            };
            needed.push(digest);
            let name = Reference::bare(digest);
            let tool = tool_image::manifest(&name, &tool.read()?)?;
            check(&name, digest, &tool, &read, needed)?;
        }
    }
    let mut descriptor = row.clone();
    descriptor.set_media_type(media_type);
    descriptor.set_annotations(None);
    if kind == Kind::Agent {
        descriptor.set_artifact_type(Some(MediaType::from(AGENT_ARTIFACT)));
    }
    Ok(BroughtImage {
        reference,
        digest: top,
        signable,
        kind,
        descriptor,
    })
}

/// Refuses a manifest that could not be loaded, and adds its blobs.
fn check(
    reference: &Reference,
    digest: Digest,
    manifest: &ImageManifest,
    read: &impl Fn(&Descriptor, &Part) -> Result<Vec<u8>, Error>,
    needed: &mut Vec<Digest>,
) -> Result<(), Error> {
    for (_, descriptor) in content::blobs(reference, manifest)? {
        needed.push(blob::digest(descriptor)?);
    }
    content::check(reference, digest, manifest, read)
}

/// Takes the archive apart. Its blobs are written beside the store.
fn parts(dir: &Dir, archive: impl Read) -> Result<Parts, Error> {
    let unread = |error: io::Error| wrong(format!("cannot be read: {error}"));
    let mut archive = Archive::new(archive);
    let mut document = None;
    let mut blobs = HashMap::new();
    let mut bytes = 0;
    // Raw: what makes names longer would be read whole before it is seen here.
    for (number, entry) in archive.entries().map_err(unread)?.raw(true).enumerate() {
        if number >= ENTRIES_MAX {
            return Err(wrong(format!("has more than {ENTRIES_MAX} entries")));
        }
        let mut entry = entry.map_err(unread)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
        match entry.header().entry_type() {
            EntryType::Directory => continue,
            // They say more about other files; names of blobs are short.
            EntryType::XHeader | EntryType::XGlobalHeader if entry.size() <= HEADER_MAX_BYTES => {
                continue;
            }
            EntryType::XHeader
            | EntryType::XGlobalHeader
            | EntryType::GNULongName
            | EntryType::GNULongLink => {
                return Err(wrong(
                    "has a name that is longer than any in an image layout".to_owned(),
                ));
            }
            EntryType::Regular | EntryType::Continuous => {}
            _ => {
                return Err(wrong(format!(
                    "has `{}` as a link or a device, not a file",
                    path.escape_debug()
                )));
            }
        }
        if path == INDEX_FILE {
            INDEX.check(entry.size())?;
            let mut bytes = Vec::new();
            (&mut entry)
                .take(INDEX.max)
                .read_to_end(&mut bytes)
                .map_err(unread)?;
            let index: ImageIndex = serde_json::from_slice(&bytes)
                .map_err(|error| wrong(format!("has no index that can be read: {error}")))?;
            if document.replace(index).is_some() {
                return Err(wrong(format!("has `{INDEX_FILE}` twice")));
            }
            continue;
        }
        // Other files are for other programs, such as `manifest.json` for docker.
        let Some(digest) = digest_of(&path) else {
            continue;
        };
        bytes += entry.size();
        if bytes > BLOBS_MAX_BYTES {
            return Err(Error::TooLarge {
                what: "the archive".to_owned(),
                size: bytes,
                max: BLOBS_MAX_BYTES,
            });
        }
        let blob = blob(dir, &mut entry, digest)?;
        if blobs.insert(digest, blob).is_some() {
            return Err(wrong(format!("has the blob {digest} twice")));
        }
    }
    let index = document.ok_or_else(|| {
        let problem = "is no OCI image layout in a tar archive: it has no `index.json`";
        wrong(problem.to_owned())
    })?;
    Ok(Parts { index, blobs })
}

/// The digest that the path of a blob names.
fn digest_of(path: &str) -> Option<Digest> {
    let hex = path.strip_prefix(BLOBS)?.strip_prefix('/')?;
    format!("sha256:{hex}").parse().ok()
}

/// Writes a blob beside the store, and checks it.
fn blob(dir: &Dir, entry: &mut Entry<'_, impl Read>, digest: Digest) -> Result<Arrived, Error> {
    let mut incoming = Incoming::begin(dir, &BLOB, digest, entry.size())?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = entry
            .read(&mut piece)
            .map_err(|error| wrong(format!("cannot be read: {error}")))?;
        if read == 0 {
            return incoming.finish();
        }
        incoming.write(piece.get(..read).unwrap_or_default())?;
    }
}

fn wrong(problem: String) -> Error {
    Error::corrupt("the archive", problem)
}
