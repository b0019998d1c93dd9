//! Referrers of an image in a registry: through its API, or, where it has none, through the tag
//! that stands for it (OCI distribution specification 1.1, "Listing Referrers", "Referrers Tag
//! Schema"); and the older tag under which cosign keeps signatures.

use std::collections::HashSet;
use std::sync::Arc;

use cofferdam_capability::Digest;
use futures_util::{StreamExt, stream};
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, MediaType};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LINK};
use reqwest::{StatusCode, Url};
use tokio::sync::watch;

use super::backoff::{Backoff, Failure};
use super::body;
use super::download::{Wanted, fetch as fetch_blob, whole};
use super::manifest;
use super::send::{put_manifest, upload};
use super::session::{ANSWER, Session};
use super::upload::Upload;
use crate::blocking::blocking;
use crate::error::Error;
use crate::referrer::{self, Budget, REFERRERS_MAX, Referrer};
use crate::signature;
use crate::signers::Signers;
use crate::store::limits::MANIFEST;
use crate::store::{Arrived, Store, StoredReferrer, blob};
use crate::tool_image::canonical_json;

/// The most pages of a list of referrers that are read. Registries put a hundred on one, and what
/// others have added must not hide a signature behind it.
const PAGES_MAX: usize = 64;

/// The most rows of a list that are fetched because they may be signatures: twice as many as are
/// kept. Anybody who may push may add some that are nobody's.
const SIGNATURES_MAX: usize = 2 * REFERRERS_MAX;

/// Number of referrers that travel at once, as the blobs of an image do.
const AT_ONCE: usize = 4;

/// The header in which a registry confirms that it keeps a list of referrers by itself.
const SUBJECT_HEADER: &str = "oci-subject";

/// The referrers that came with an image, and are not part of the store yet.
#[derive(Default)]
pub(super) struct Brought {
    pub(super) referrers: Vec<Referrer>,
    /// The descriptor of each, beside the digest that it refers to.
    pub(super) rows: Vec<(Digest, Descriptor)>,
    pub(super) blobs: Vec<Arrived>,
}

/// The manifest of one referrer.
struct Listed {
    digest: Digest,
    subject: Digest,
    bytes: Vec<u8>,
    manifest: ImageManifest,
}

/// A referrer with its parts.
struct Taken {
    referrer: Referrer,
    /// The digest that it refers to, and its descriptor.
    row: (Digest, Descriptor),
    /// The digests of all blobs that it needs.
    needed: Vec<Digest>,
}

/// A page of a list of referrers.
struct Page {
    rows: Vec<Descriptor>,
    next: Option<Url>,
}

/// Fetches what refers to these digests: at most [`REFERRERS_MAX`], with a [`Budget`] for the large
/// ones. What may be a signature comes before all others, and is tried beyond that number: where
/// there are too many, those of these signers stay. One that is broken is left out, with a line in
/// the log.
pub(super) async fn fetch(
    session: &mut Session<'_>,
    store: &Arc<Store>,
    subjects: &[Digest],
    older_too: bool,
    signers: &Signers,
) -> Result<Brought, Error> {
    let mut listed: Vec<Listed> = Vec::new();
    for subject in subjects {
        if older_too {
            listed.extend(sound(older(session, *subject).await)?.flatten());
        }
        let rows = list(session, *subject).await?;
        let manifests = rows.into_iter().map(|row| {
            let mut session = session.fork();
            async move { look_at(&mut session, *subject, &row).await }
        });
        let manifests: Vec<_> = manifests.collect();
        let mut manifests = stream::iter(manifests).buffered(AT_ONCE);
        while let Some(found) = manifests.next().await {
            listed.extend(sound(found)?);
        }
        drop(manifests);
    }
    // Those of every subject, by the word of their own manifests.
    listed.sort_by_key(|found| !found.may_be_signature());
    let mut budget = Budget::default();
    let mut left_out = 0;
    let mut taken = Vec::new();
    let mut blobs = Vec::new();
    for found in listed {
        let is_beyond = taken.len() >= REFERRERS_MAX && !found.may_be_signature();
        if is_beyond || !budget.takes(&found.manifest) {
            left_out += 1;
            continue;
        }
        let digest = found.digest;
        match sound(bring(session, store, found, &mut blobs).await)? {
            Some(one) => taken.push(one),
            None => tracing::warn!(%digest, "it is left out"),
        }
    }
    if taken.len() > REFERRERS_MAX {
        taken.sort_by_cached_key(|one| !signers.have_signed(&one.referrer, subjects));
        left_out += taken.len() - REFERRERS_MAX;
        taken.truncate(REFERRERS_MAX);
    }
    if left_out > 0 {
        tracing::warn!("the image has more referrers than are fetched: {left_out} are left out");
    }
    let mut brought = Brought::default();
    let mut needed = HashSet::new();
    for one in taken {
        brought.referrers.push(one.referrer);
        brought.rows.push(one.row);
        needed.extend(one.needed);
    }
    // Parts of those that were left out are nobody's.
    blobs.retain(|blob| needed.contains(&blob.digest()));
    brought.blobs = blobs;
    Ok(brought)
}

impl Listed {
    /// Returns true if it may be a signature. What refers to nothing was found by the name of one.
    fn may_be_signature(&self) -> bool {
        self.manifest.subject().is_none()
            || signature::is_type_of_signatures(referrer::artifact_type(&self.manifest))
    }
}

/// Nothing for a referrer that is not what it should be; other failures stay.
fn sound<T>(found: Result<T, Error>) -> Result<Option<T>, Error> {
    match found {
        Err(error @ (Error::Corrupt { .. } | Error::TooLarge { .. })) => {
            tracing::warn!(%error, "a referrer cannot be used");
            Ok(None)
        }
        found => found.map(Some),
    }
}

/// The manifest of a referrer that a list describes. It is its own word what it is, and not the
/// list's.
async fn look_at(
    session: &mut Session<'_>,
    subject: Digest,
    row: &Descriptor,
) -> Result<Listed, Error> {
    let digest = blob::digest(row)?;
    let bytes = manifest::pinned(session, digest, row.size()).await?;
    let manifest = referrer::read(digest, subject, &bytes)?;
    if manifest.subject().is_none() {
        return Err(Error::corrupt(
            format!("the referrer {digest}"),
            "refers to nothing",
        ));
    }
    Ok(Listed {
        digest,
        subject,
        bytes,
        manifest,
    })
}

/// The signatures that older versions of cosign keep under a tag of their own.
async fn older(session: &mut Session<'_>, subject: Digest) -> Result<Option<Listed>, Error> {
    let Some(bytes) = manifest::find(session, &older_tag(subject)).await? else {
        return Ok(None);
    };
    let digest = Digest::of(&bytes);
    let manifest = referrer::read(digest, subject, &bytes)?;
    Ok(Some(Listed {
        digest,
        subject,
        bytes,
        manifest,
    }))
}

/// Fetches the parts of a referrer that no other has brought: most have the same empty config.
async fn bring(
    session: &mut Session<'_>,
    store: &Arc<Store>,
    found: Listed,
    blobs: &mut Vec<Arrived>,
) -> Result<Taken, Error> {
    let Listed {
        digest,
        subject,
        bytes,
        manifest,
    } = found;
    // Nobody stops it: its sender lives as long as the fetches.
    let (_never, stopped) = watch::channel(false);
    let mut needed = vec![digest];
    for (part, descriptor) in referrer::blobs(&manifest) {
        let part_digest = blob::digest(descriptor)?;
        needed.push(part_digest);
        let held = blobs.iter();
        let mut held = held.filter(|held| held.digest() == part_digest);
        if let Some(held) = held.next() {
            if held.size() != descriptor.size() {
                let what = format!("the blob {part_digest}");
                return Err(Error::corrupt(what, "has another size than its descriptor"));
            }
            continue;
        }
        let wanted = Wanted { part, descriptor };
        let fetched = fetch_blob(session, store, wanted, stopped.clone()).await?;
        blobs.push(fetched.blob);
    }
    let descriptor = referrer::described(&bytes, &manifest)?;
    let store = Arc::clone(store);
    let held = std::mem::take(blobs);
    let (referrer, held) = blocking(move || {
        let mut held = held;
        let read = |part: &Descriptor| {
            let digest = blob::digest(part)?;
            let found = held.iter().find(|blob| blob.digest() == digest);
            let missing = || Error::corrupt(format!("the blob {digest}"), "is missing");
            found.ok_or_else(missing)?.read()
        };
        let referrer = Referrer::unpack(digest, subject, &manifest, read);
        held.push(whole(&store, &bytes)?);
        Ok((referrer, held))
    })
    .await?;
    *blobs = held;
    Ok(Taken {
        referrer: referrer?,
        row: (subject, descriptor),
        needed,
    })
}

/// The referrers of an image, as the registry lists them: what may be a signature first, at most
/// [`SIGNATURES_MAX`], and then the others, at most one more than are fetched. The order of the
/// list stays, because times in it are the word of whoever has added a row.
async fn list(session: &mut Session<'_>, subject: Digest) -> Result<Vec<Descriptor>, Error> {
    let mut next = Some(session.target.url(&format!("referrers/{subject}"))?);
    let mut signatures = Vec::new();
    let mut others = Vec::new();
    for _ in 0..PAGES_MAX {
        let Some(url) = next.take() else {
            break;
        };
        let rows = match page(session, &url).await? {
            Some(page) => {
                next = page.next;
                page.rows
            }
            // It has no such API, or it has lost its place.
            None => {
                let tag = manifest::find(session, &tag(subject)).await?;
                let rows = tag.map(|bytes| index(&bytes)).transpose()?;
                rows.unwrap_or_default()
            }
        };
        for row in rows {
            if signature::may_be_signature(&row) {
                signatures.push(row);
            } else {
                others.push(row);
            }
        }
        signatures.truncate(SIGNATURES_MAX);
        others.truncate(REFERRERS_MAX + 1);
        if signatures.len() == SIGNATURES_MAX {
            break;
        }
    }
    signatures.append(&mut others);
    Ok(signatures)
}

/// A page of the registry's own list; none if it has no such list.
async fn page(session: &mut Session<'_>, url: &Url) -> Result<Option<Page>, Error> {
    let mut backoff = Backoff::default();
    loop {
        let answer = session
            .send(url, ANSWER, |client| {
                let accepted = MediaType::ImageIndex.to_string();
                client.get(url.clone()).header(ACCEPT, accepted)
            })
            .await;
        let failure = match answer {
            Ok(response) => {
                let headers = response.headers().clone();
                // Some answer every address with a page for people.
                if !is_index(&headers) {
                    return Ok(None);
                }
                match body::read(response, MANIFEST.max).await {
                    Ok(bytes) => {
                        return Ok(Some(Page {
                            rows: index(&bytes)?,
                            next: next_page(session, url, &headers)?,
                        }));
                    }
                    Err(error) => {
                        let problem = format!("the list of referrers was cut off: {error}");
                        Failure::passing(session.target.error(problem), None)
                    }
                }
            }
            Err(failure) if failure.status == Some(StatusCode::NOT_FOUND) => return Ok(None),
            Err(failure) => failure,
        };
        backoff.after(failure).await?;
    }
}

fn is_index(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with(MediaType::ImageIndex.as_ref()))
}

fn index(bytes: &[u8]) -> Result<Vec<Descriptor>, Error> {
    let wrong = |error| Error::corrupt("the list of referrers", format!("cannot be read: {error}"));
    let index: ImageIndex = serde_json::from_slice(bytes).map_err(wrong)?;
    Ok(index.manifests().clone())
}

/// The address of the next page (RFC 8288), in the same registry.
fn next_page(session: &Session<'_>, url: &Url, headers: &HeaderMap) -> Result<Option<Url>, Error> {
    let link = headers.get(LINK).and_then(|link| link.to_str().ok());
    let next = link.filter(|link| link.contains(r#"rel="next""#));
    let address = next.and_then(|link| link.split_once('<')?.1.split_once('>'));
    let Some((address, _)) = address else {
        return Ok(None);
    };
    match url.join(address) {
        Ok(next) if session.target.is_registry(&next) => Ok(Some(next)),
        _ => Err(session
            .target
            .error("the next page of its list of referrers is elsewhere")),
    }
}

/// Sends what refers to an image. Where the registry keeps no list of it, the tag that stands for
/// the list is written too.
pub(super) async fn push(
    session: &mut Session<'_>,
    store: &Arc<Store>,
    subject: Digest,
) -> Result<(), Error> {
    let from = Arc::clone(store);
    let stored = blocking(move || from.stored_referrers(subject)).await?;
    let mut unlisted = Vec::new();
    for referrer in stored {
        let StoredReferrer {
            manifest,
            descriptor,
            blobs,
            names_subject,
        } = referrer;
        let mut name = blob::digest(&descriptor)?.to_string();
        if !names_subject {
            name = older_tag(subject);
            let there = manifest::find(session, &name).await?;
            if there.is_some_and(|there| there != manifest) {
                tracing::warn!("the registry has other signatures as {name}, which stay");
                continue;
            }
        }
        for (part, blob) in blobs {
            upload(session, &Upload::new(store, part, blob)?).await?;
        }
        let image = MediaType::ImageManifest;
        let headers = put_manifest(session, &name, &image, manifest.into()).await?;
        if names_subject && !headers.contains_key(SUBJECT_HEADER) {
            unlisted.push(descriptor);
        }
    }
    if unlisted.is_empty() {
        return Ok(());
    }
    add_to_tag(session, subject, unlisted).await
}

/// Adds referrers to the index under the tag that stands for the list.
async fn add_to_tag(
    session: &mut Session<'_>,
    subject: Digest,
    new: Vec<Descriptor>,
) -> Result<(), Error> {
    let tag = tag(subject);
    let there = manifest::find(session, &tag).await?;
    let mut rows = there
        .map(|bytes| index(&bytes))
        .transpose()?
        .unwrap_or_default();
    let before = rows.len();
    for row in new {
        if !rows.iter().any(|other| other.digest() == row.digest()) {
            rows.push(row);
        }
    }
    if rows.len() == before {
        return Ok(());
    }
    let mut document = ImageIndex::default();
    document.set_media_type(Some(MediaType::ImageIndex));
    document.set_manifests(rows);
    let bytes = canonical_json(&document)?;
    MANIFEST.check(bytes.len() as u64)?;
    put_manifest(session, &tag, &MediaType::ImageIndex, bytes.into()).await?;
    Ok(())
}

/// The tag that stands for the list of what refers to an image.
fn tag(subject: Digest) -> String {
    format!("sha256-{}", subject.hex())
}

/// The tag of the signatures of older versions of cosign.
fn older_tag(subject: Digest) -> String {
    format!("{}.sig", tag(subject))
}
