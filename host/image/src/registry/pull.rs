//! From a registry into the store.

use std::sync::Arc;

use cofferdam_capability::Digest;
use futures_util::{StreamExt, stream};
use oci_spec::image::{Descriptor, ImageIndex, MediaType};
use tokio::sync::watch;

use super::download::{Fetched, Wanted, fetch, whole};
use super::manifest;
use super::referrers::{self, Brought};
use super::session::Session;
use crate::blocking::blocking;
use crate::content;
use crate::error::Error;
use crate::kind::{AGENT_ARTIFACT, Kind};
use crate::reference::Reference;
use crate::signers::Signers;
use crate::store::limits::Part;
use crate::store::{Store, blob, platform};
use crate::tool_image::{self, Layout};

/// The result of a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The digest that the reference was resolved to: of a manifest, or of an image index.
    pub digest: Digest,
    /// The image that the name meant on this machine before, if that was another one.
    pub moved_from: Option<Digest>,
    /// The size of the manifest's blobs, in bytes.
    pub size: u64,
    /// Number of these bytes that were here already.
    pub present: u64,
}

/// Number of blobs of one image that travel at once: enough that a connection is never idle, and
/// few beside what a registry allows one client.
const BLOBS_AT_ONCE: usize = 4;

/// Pulls what `reference` means into `store`, if it is of the kind that is `wanted`.
pub(super) async fn pull(
    session: &mut Session<'_>,
    store: &Arc<Store>,
    reference: &Reference,
    wanted: Option<Kind>,
    signers: &Signers,
) -> Result<Pulled, Error> {
    let named = match reference.digest() {
        Some(digest) => digest.to_string(),
        None => reference.tag().unwrap_or_default().to_owned(),
    };
    let top = manifest::get(session, &named).await?;
    let digest = Digest::of(&top);
    if let Some(pinned) = reference.digest().filter(|pinned| **pinned != digest) {
        let problem = format!("gave something else, {digest}, for it");
        return Err(Error::corrupt(
            format!(
                "the registry {}, asked for {pinned},",
                session.target.registry
            ),
            problem,
        ));
    }
    // The one manifest that runs here. Of an index, that one alone is pulled; the index keeps its
    // digest.
    let (bytes, row) = match index(reference, &top)? {
        None => (top.clone(), None),
        Some(index) => {
            let row = platform::wasm(reference, &index)?.clone();
            if *row.media_type() != MediaType::ImageManifest {
                let problem = format!(
                    "its manifest is `{}`, not `{}`",
                    row.media_type(),
                    MediaType::ImageManifest
                );
                return Err(Error::not_a_tool(reference, problem));
            }
            let digest = blob::digest(&row)?;
            let bytes = manifest::pinned(session, digest, row.size()).await?;
            (bytes, Some(row))
        }
    };
    let document = tool_image::manifest(reference, &bytes)?;
    let kind = Kind::of(&document);
    if wanted == Some(Kind::Agent) && kind == Kind::Tool {
        let tool = "`cofferdam tool inspect` says what it is instead";
        return Err(Error::not_an_agent(reference, tool));
    }
    if wanted == Some(Kind::Tool) {
        // Says what else it is.
        Layout::of(reference, &document)?;
    }
    let blobs = content::blobs(reference, &document)?;
    // Every claim is looked at before anything is fetched for it.
    for (part, descriptor) in &blobs {
        part.check(descriptor.size())?;
        blob::digest(descriptor)?;
    }
    let mut subjects = vec![digest];
    subjects.extend(Some(Digest::of(&bytes)).filter(|_| row.is_some()));
    // Before the blobs, because an image that lacks a signature is not worth fetching.
    let Brought {
        referrers,
        rows: referring,
        blobs: mut arrived,
    } = referrers(session, store, reference, &subjects, signers).await?;
    signers.check(reference, &subjects, &referrers)?;
    drop(referrers);
    let mut wanted: Vec<Wanted<'_>> = Vec::new();
    for (part, descriptor) in blobs {
        let same = |other: &Wanted<'_>| {
            let other = other.descriptor;
            other.digest() == descriptor.digest() && other.size() == descriptor.size()
        };
        if !wanted.iter().any(same) {
            wanted.push(Wanted { part, descriptor });
        }
    }
    // Several at once: a round trip costs more than a small blob.
    let (stop, stopped) = watch::channel(false);
    let fetches = wanted.into_iter().map(|wanted| {
        let mut session = session.fork();
        let stopped = stopped.clone();
        async move { fetch(&mut session, store, wanted, stopped).await }
    });
    let fetches: Vec<_> = fetches.collect();
    let mut fetches = stream::iter(fetches).buffer_unordered(BLOBS_AT_ONCE);
    let mut size = 0;
    let mut present = 0;
    let mut failed = None;
    while let Some(fetched) = fetches.next().await {
        match fetched {
            Ok(Fetched {
                blob,
                bytes,
                was_here,
            }) => {
                arrived.push(blob);
                size += bytes;
                present += if was_here { bytes } else { 0 };
            }
            // The others end as well, and take away what they have written. What they say of that
            // comes later and says less.
            Err(error) => {
                stop.send_replace(true);
                failed.get_or_insert(error);
            }
        }
    }
    drop(fetches);
    if let Some(error) = failed {
        return Err(error);
    }
    let media_type = if row.is_some() {
        MediaType::ImageIndex
    } else {
        MediaType::ImageManifest
    };
    let mut top_descriptor = tool_image::descriptor(media_type.as_ref(), &top)?;
    if kind == Kind::Agent {
        top_descriptor.set_artifact_type(Some(MediaType::from(AGENT_ARTIFACT)));
    }
    let store = Arc::clone(store);
    let name = reference.clone();
    let former = blocking(move || {
        // It is known to be sound before its name means it.
        let read = |descriptor: &Descriptor, _: &Part| {
            let digest = blob::digest(descriptor)?;
            let found = arrived.iter().find(|blob| blob.digest() == digest);
            found.ok_or_else(|| Error::NotFound(name.clone()))?.read()
        };
        content::check(&name, digest, &document, read)?;
        arrived.push(whole(&store, &bytes)?);
        if row.is_some() {
            arrived.push(whole(&store, &top)?);
        }
        let top = (name, top_descriptor);
        let former = store.keep_all(vec![top], referring, arrived)?;
        Ok(former.into_iter().next().flatten())
    })
    .await?;
    Ok(Pulled {
        digest,
        moved_from: former.filter(|former| *former != digest),
        size,
        present,
    })
}

/// Fetches the referrers of the image. Where no signature is required, an image comes without those
/// that the registry does not give.
async fn referrers(
    session: &mut Session<'_>,
    store: &Arc<Store>,
    reference: &Reference,
    subjects: &[Digest],
    signers: &Signers,
) -> Result<Brought, Error> {
    let is_required = signers.requires(reference);
    match referrers::fetch(session, store, subjects, is_required, signers).await {
        Err(error) if !is_required => {
            tracing::warn!(%error, "what refers to the image is left out");
            Ok(Brought::default())
        }
        fetched => fetched,
    }
}

/// Reads the document as an image index, if it says that it is one.
fn index(reference: &Reference, bytes: &[u8]) -> Result<Option<ImageIndex>, Error> {
    let wrong = |error| {
        Error::corrupt(
            format!("what {reference} means"),
            format!("is no manifest: {error}"),
        )
    };
    let document: serde_json::Value = serde_json::from_slice(bytes).map_err(wrong)?;
    let has = |key: &str| document.get(key).is_some();
    // Clients that read one document differently would run different things under one digest
    // (CVE-2021-41190).
    if has("manifests") && (has("config") || has("layers")) {
        return Err(Error::corrupt(
            format!("what {reference} means"),
            "is a manifest and an image index at once",
        ));
    }
    if has("manifests") {
        serde_json::from_value(document).map(Some).map_err(wrong)
    } else {
        Ok(None)
    }
}
