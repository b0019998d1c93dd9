//! `index.json`: which digest a reference means.

use std::collections::HashSet;

use cap_std::fs::Dir;
use cofferdam_capability::Digest;
use oci_spec::image::{ANNOTATION_REF_NAME, Descriptor, ImageIndex};

use super::limits::INDEX;
use super::{blob, file};
use crate::error::Error;
use crate::kind::Kind;
use crate::reference::Reference;
use crate::referrer::REFERRERS_MAX;
use crate::signature;
use crate::tool_image::canonical_json;

/// One row of [`Store::list`](crate::Store::list).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name: with a tag, or, where a tag has moved on, with the digest it left behind.
    pub reference: Reference,
    /// The digest that the name means: that of a manifest or of an image index.
    pub digest: Digest,
    /// The kind of the image; none where it cannot be read.
    pub kind: Option<Kind>,
    /// The size of the blobs that are here for it, in bytes; none where it cannot be read.
    pub size: Option<u64>,
    /// When its author says that it was made (RFC 3339).
    pub created: Option<String>,
}

pub(super) const INDEX_FILE: &str = "index.json";

/// The annotation of a row that holds the digest of the image that it refers to.
pub(super) const SUBJECT: &str = "io.cofferdam.subject";

/// The index, every row of it checked. A row's name is its annotation
/// `org.opencontainers.image.ref.name`: `name:tag`, or `name@digest` for an image whose tag has
/// moved on. Rows of referrers have no name, and the annotation [`SUBJECT`].
pub(super) struct Index {
    rows: Vec<Row>,
    /// The document around the rows, kept for the keys this store does not use.
    document: ImageIndex,
}

struct Row {
    /// None where another tool has written a row without a name: it is kept, and its blobs with it.
    name: Option<Reference>,
    /// The image that a referrer refers to.
    subject: Option<Digest>,
    digest: Digest,
    descriptor: Descriptor,
}

impl Index {
    pub(super) fn read(dir: &Dir) -> Result<Self, Error> {
        Self::read_rows(dir).map_err(|error| error.in_store(dir))
    }

    fn read_rows(dir: &Dir) -> Result<Self, Error> {
        let corrupt = |problem: String| Error::corrupt(INDEX_FILE, problem);
        let Some(bytes) = file::read(dir, INDEX_FILE, &INDEX)? else {
            return Err(corrupt(
                "is missing; an image layout cannot be read without it".to_owned(),
            ));
        };
        let mut document: ImageIndex = serde_json::from_slice(&bytes)
            .map_err(|error| corrupt(format!("is not an image index: {error}")))?;
        let descriptors = document.manifests().clone();
        document.set_manifests(Vec::new());
        let mut names = HashSet::new();
        let mut rows = Vec::new();
        for descriptor in descriptors {
            let row = Row::read(descriptor)?;
            if let Some(name) = row.name.clone().filter(|name| !names.insert(name.clone())) {
                return Err(corrupt(format!(
                    "has two rows named {name}; remove one of them"
                )));
            }
            rows.push(row);
        }
        Ok(Self { rows, document })
    }

    /// Writes the index. The caller holds the exclusive lock.
    pub(super) fn write(&self, dir: &Dir) -> Result<(), Error> {
        let mut document = self.document.clone();
        document.set_manifests(self.rows.iter().map(|row| row.descriptor.clone()).collect());
        let bytes = canonical_json(&document)?;
        INDEX.check(bytes.len() as u64)?;
        file::replace(dir, INDEX_FILE, &bytes)
    }

    /// Returns what `reference` means.
    pub(super) fn find(&self, reference: &Reference) -> Option<(Digest, &Descriptor)> {
        let matches = |row: &&Row| match reference.digest() {
            Some(digest) => row.digest == *digest && (reference.is_bare() || row.is_of(reference)),
            None => row.name.as_ref() == Some(reference),
        };
        self.rows
            .iter()
            .find(matches)
            .map(|row| (row.digest, &row.descriptor))
    }

    /// Makes `reference` mean `digest`. An image that loses its last name by that keeps one: its
    /// digest.
    pub(super) fn set(&mut self, reference: &Reference, digest: Digest, descriptor: Descriptor) {
        let name = reference
            .tagged()
            .unwrap_or_else(|| reference.pinned(digest));
        let former = self.take(|row| row.name.as_ref() == Some(&name));
        self.rows.push(Row::new(name, digest, descriptor));
        for row in former {
            let pinned = reference.pinned(row.digest);
            if self.find(&pinned).is_none() {
                self.rows.push(Row::new(pinned, row.digest, row.descriptor));
            }
        }
        // With a tag, the image needs the name it had without one no longer.
        if reference.tag().is_some() {
            self.take(|row| row.name.as_ref() == Some(&reference.pinned(digest)));
        }
    }

    /// Forgets `reference` and says what it meant.
    pub(super) fn remove(&mut self, reference: &Reference) -> Option<Digest> {
        let has_digest = |row: &Row| {
            reference
                .digest()
                .is_none_or(|digest| row.digest == *digest)
        };
        let removed = match reference.tagged() {
            Some(tagged) => self.take(|row| row.name.as_ref() == Some(&tagged) && has_digest(row)),
            None => {
                self.take(|row| (reference.is_bare() || row.is_of(reference)) && has_digest(row))
            }
        };
        removed.first().map(|row| row.digest)
    }

    /// The rows that have a name, sorted by it; `look` adds what the index does not know.
    pub(super) fn list(&self, look: impl Fn(&Descriptor, &mut Listed)) -> Vec<Listed> {
        let listed = |row: &Row| {
            let mut listed = Listed {
                reference: row.name.clone()?,
                digest: row.digest,
                kind: None,
                size: None,
                created: None,
            };
            look(&row.descriptor, &mut listed);
            Some(listed)
        };
        let mut list: Vec<_> = self.rows.iter().filter_map(listed).collect();
        list.sort_by_cached_key(|row| row.reference.to_string());
        list
    }

    /// Returns the descriptor of every row.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = &Descriptor> {
        self.rows.iter().map(|row| &row.descriptor)
    }

    /// Returns the names of an image.
    pub(super) fn names(&self, digest: &Digest) -> Vec<Reference> {
        let rows = self.rows.iter().filter(|row| row.digest == *digest);
        rows.filter_map(|row| row.name.clone()).collect()
    }

    /// Returns the descriptors of images, without those of their referrers.
    pub(super) fn images(&self) -> impl Iterator<Item = &Descriptor> {
        let images = self.rows.iter().filter(|row| row.subject.is_none());
        images.map(|row| &row.descriptor)
    }

    /// Returns the subject of each referrer, and its descriptor.
    pub(super) fn referrers(&self) -> impl Iterator<Item = (Digest, &Descriptor)> {
        let rows = self.rows.iter();
        rows.filter_map(|row| Some((row.subject?, &row.descriptor)))
    }

    /// Adds a referrer of `subject`, unless it is there. Returns false if the image has too many.
    /// A possible signature takes the place of the last one that cannot be.
    pub(super) fn attach(
        &mut self,
        subject: Digest,
        descriptor: Descriptor,
    ) -> Result<bool, Error> {
        let row = Row::referrer(subject, descriptor)?;
        let is_same = |other: &Row| other.subject == Some(subject) && other.digest == row.digest;
        if self.rows.iter().any(is_same) {
            return Ok(true);
        }
        let of_subject = self.rows.iter().filter(|row| row.subject == Some(subject));
        if of_subject.count() >= REFERRERS_MAX {
            let is_other = |other: &Row| {
                other.subject == Some(subject) && !signature::may_be_signature(&other.descriptor)
            };
            let place = self.rows.iter().rposition(is_other);
            let Some(place) = place.filter(|_| signature::may_be_signature(&row.descriptor)) else {
                return Ok(false);
            };
            self.rows.remove(place);
        }
        self.rows.push(row);
        Ok(true)
    }

    /// Drops the referrers whose subject is not `here`. Returns true if there were any.
    pub(super) fn drop_referrers(&mut self, here: impl Fn(&Digest) -> bool) -> bool {
        let gone = |row: &Row| row.subject.is_some_and(|subject| !here(&subject));
        !self.take(gone).is_empty()
    }

    fn take(&mut self, wanted: impl Fn(&Row) -> bool) -> Vec<Row> {
        let (taken, kept) = std::mem::take(&mut self.rows).into_iter().partition(wanted);
        self.rows = kept;
        taken
    }
}

impl Row {
    fn new(name: Reference, digest: Digest, mut descriptor: Descriptor) -> Self {
        let mut annotations = descriptor.annotations().clone().unwrap_or_default();
        annotations.insert(ANNOTATION_REF_NAME.to_owned(), name.to_string());
        descriptor.set_annotations(Some(annotations));
        Self {
            name: Some(name),
            subject: None,
            digest,
            descriptor,
        }
    }

    /// The row of a referrer. Its annotations stay in its manifest, because the index is read whole
    /// for every image.
    fn referrer(subject: Digest, mut descriptor: Descriptor) -> Result<Self, Error> {
        let annotations = [(SUBJECT.to_owned(), subject.to_string())];
        descriptor.set_annotations(Some(annotations.into()));
        Ok(Self {
            name: None,
            subject: Some(subject),
            digest: blob::digest(&descriptor)?,
            descriptor,
        })
    }

    fn read(descriptor: Descriptor) -> Result<Self, Error> {
        let name = descriptor
            .annotations()
            .as_ref()
            .and_then(|annotations| annotations.get(ANNOTATION_REF_NAME));
        let name = match name {
            Some(name) => {
                let name = name.parse().map_err(|error| {
                    Error::corrupt(INDEX_FILE, format!("has a bad row: {error}"))
                })?;
                Some(name)
            }
            None => None,
        };
        let digest = blob::digest(&descriptor)?;
        let subject = subject_of(&descriptor).filter(|_| name.is_none());
        Ok(Self {
            name,
            subject,
            digest,
            descriptor,
        })
    }

    fn is_of(&self, reference: &Reference) -> bool {
        self.name
            .as_ref()
            .is_some_and(|name| name.same_name(reference))
    }
}

/// The image that a row says it refers to.
pub(super) fn subject_of(row: &Descriptor) -> Option<Digest> {
    let annotations = row.annotations().as_ref()?;
    annotations.get(SUBJECT)?.parse().ok()
}
