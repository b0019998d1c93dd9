//! From the store into a registry.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cofferdam_capability::Digest;
use futures_util::{StreamExt, stream};
use oci_spec::image::MediaType;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{StatusCode, Url};
use tokio::sync::watch;

use super::backoff::{Backoff, Failure};
use super::session::{ANSWER, Session, digest_header};
use super::transfer::Transfer;
use super::upload::Upload;
use crate::agent_image::AgentImage;
use crate::blocking::blocking;
use crate::error::Error;
use crate::kind::Kind;
use crate::reference::Reference;
use crate::store::Store;
use crate::tool_source::ToolSource;

/// The result of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The digest of the manifest.
    pub digest: Digest,
    /// The image that the tag meant in the registry before, if that was another one.
    pub moved_from: Option<Digest>,
    /// The size of the manifest's blobs, in bytes.
    pub size: u64,
    /// Number of these bytes that the registry had already.
    pub present: u64,
}

/// Number of blobs of one image that travel at once, as in a pull.
const BLOBS_AT_ONCE: usize = 4;

/// The slowest line that a blob is sent over, in bytes a second: 256 kbit/s.
const SLOWEST_BYTES_PER_SECOND: u64 = 32 << 10;

/// Pushes what `local` means in `store` to where `target` leads.
pub(super) async fn push(
    session: &mut Session<'_>,
    store: &Arc<Store>,
    local: &Reference,
    target: &Reference,
) -> Result<Pushed, Error> {
    let from = Arc::clone(store);
    let name = local.clone();
    let stored = blocking(move || {
        let stored = from.stored(&name)?;
        if stored.kind == Kind::Agent {
            refuse_local(&from.agent(&name)?)?;
        }
        Ok(stored)
    })
    .await?;
    if target
        .digest()
        .is_some_and(|pinned| *pinned != stored.digest)
    {
        return Err(Error::Pinned {
            reference: Box::new(target.clone()),
            actual: stored.digest,
        });
    }
    let named = target
        .tag()
        .map_or_else(|| stored.digest.to_string(), str::to_owned);
    let former = resolve(session, &named).await?;
    let mut size = 0;
    let mut present = 0;
    let uploads = stored.blobs.into_iter().map(|(part, descriptor)| {
        let mut session = session.fork();
        async move {
            let blob = Upload::new(store, part, descriptor)?;
            let was_there = upload(&mut session, &blob).await?;
            Ok::<_, Error>((blob.size(), was_there))
        }
    });
    let uploads: Vec<_> = uploads.collect();
    let mut uploads = stream::iter(uploads).buffer_unordered(BLOBS_AT_ONCE);
    while let Some(uploaded) = uploads.next().await {
        let (bytes, was_there) = uploaded?;
        size += bytes;
        present += if was_there { bytes } else { 0 };
    }
    drop(uploads);
    // Last, when everything it leads to is there.
    put_manifest(session, &named, stored.digest, stored.manifest.into()).await?;
    let moved_from = former.filter(|former| *former != stored.digest);
    Ok(Pushed {
        digest: stored.digest,
        moved_from,
        size,
        present,
    })
}

/// Refuses an agent image with a BIN that no other machine could find.
fn refuse_local(agent: &AgentImage) -> Result<(), Error> {
    for bin in &agent.agentfile.bins {
        let ToolSource::Image(image) = &bin.source else {
            continue;
        };
        if image.registry().is_some() {
            continue;
        }
        let name = &bin.name;
        let what = if image.is_bare() {
            "was built from a file".to_owned()
        } else {
            format!("is {image} of this machine")
        };
        let problem = format!(
            "its BIN {name} {what}: send it first, `cofferdam tool push {image} HOST/NAME`, write \
             that name into the Agentfile, and build the agent again"
        );
        return Err(Error::Local {
            reference: Box::new(agent.reference.clone()),
            problem,
        });
    }
    Ok(())
}

/// Returns what a tag means in the registry now.
async fn resolve(session: &mut Session<'_>, named: &str) -> Result<Option<Digest>, Error> {
    let url = session.target.url(&format!("manifests/{named}"))?;
    let accepted = [MediaType::ImageManifest, MediaType::ImageIndex]
        .map(|kind| kind.to_string())
        .join(", ");
    let found = head(session, &url, &accepted).await?;
    Ok(found.and_then(|digest| digest.parse().ok()))
}

/// Asks whether something is there. The text is the digest the registry gives it, if it gives one.
async fn head(
    session: &mut Session<'_>,
    url: &Url,
    accepted: &str,
) -> Result<Option<String>, Error> {
    let mut backoff = Backoff::default();
    loop {
        let make = |client: &reqwest::Client| client.head(url.clone()).header("accept", accepted);
        match session.send(url, ANSWER, make).await {
            Ok(response) => {
                return Ok(Some(
                    digest_header(response.headers())
                        .unwrap_or_default()
                        .to_owned(),
                ));
            }
            Err(failure) if failure.status == Some(StatusCode::NOT_FOUND) => return Ok(None),
            Err(failure) => backoff.after(failure).await?,
        }
    }
}

/// Sends a blob, unless the registry has it. The flag tells that it had.
async fn upload(session: &mut Session<'_>, blob: &Upload) -> Result<bool, Error> {
    let digest = blob.digest;
    let size = blob.size();
    let url = session.target.url(&format!("blobs/{digest}"))?;
    if head(session, &url, "*/*").await?.is_some() {
        session.tell(digest, size, size);
        return Ok(true);
    }
    let mut backoff = Backoff::default();
    loop {
        match send(session, blob).await {
            Ok(()) => return Ok(false),
            Err(failure) => backoff.after(failure).await?,
        }
    }
}

/// One attempt to send a blob, in one request (OCI distribution specification, "Pushing a blob
/// monolithically").
async fn send(session: &mut Session<'_>, blob: &Upload) -> Result<(), Failure> {
    let begin = session.target.url("blobs/uploads/")?;
    let begun = session
        .send(&begin, ANSWER, |client| {
            client.post(begin.clone()).header(CONTENT_LENGTH, 0)
        })
        .await?;
    let location = begun
        .headers()
        .get(LOCATION)
        .and_then(|location| location.to_str().ok());
    // Relative to where the request ended up.
    let location = location.and_then(|location| begun.url().join(location).ok());
    let wrong = |problem: &str| Failure::lasting(session.target.error(problem));
    let mut location = location.ok_or_else(|| wrong("it does not say where to upload a blob"))?;
    if !session.target.is_allowed(&location) {
        return Err(wrong(
            "it wants a blob to be uploaded to an address without TLS",
        ));
    }
    let digest = blob.digest;
    let size = blob.size();
    location
        .query_pairs_mut()
        .append_pair("digest", &digest.to_string());
    let wait = ANSWER + Duration::from_secs(size / SLOWEST_BYTES_PER_SECOND);
    let watch = session.watch();
    // reqwest wants a body that lives on its own, so what tells of it goes through a channel.
    let (told, mut progress) = watch::channel(0);
    let make = |client: &reqwest::Client| {
        let request = client
            .put(location.clone())
            .header(CONTENT_TYPE, "application/octet-stream");
        request
            .header(CONTENT_LENGTH, size)
            .body(blob.body(told.clone()))
    };
    let answer = session.send(&location, wait, make);
    let tell = async {
        while progress.changed().await.is_ok() {
            let done = *progress.borrow_and_update();
            if let Some(watch) = watch {
                watch(&Transfer {
                    digest,
                    done,
                    total: size,
                });
            }
        }
    };
    let sent = tokio::select! {
        answer = answer => answer.map(drop),
        () = tell => {
            let ended = Error::io("send a blob")(std::io::Error::other("it ended"));
            Err(Failure::passing(ended, None))
        }
    };
    // What the store said comes first: a registry that gets no end of a blob complains about that.
    match blob.broken() {
        Some(error) => Err(Failure::lasting(error)),
        None => sent,
    }
}

async fn put_manifest(
    session: &mut Session<'_>,
    named: &str,
    digest: Digest,
    manifest: Bytes,
) -> Result<(), Error> {
    let url = session.target.url(&format!("manifests/{named}"))?;
    let media_type = MediaType::ImageManifest.to_string();
    let mut backoff = Backoff::default();
    let response = loop {
        let make = |client: &reqwest::Client| {
            client
                .put(url.clone())
                .header(CONTENT_TYPE, media_type.as_str())
                .body(manifest.clone())
        };
        match session.send(&url, ANSWER, make).await {
            Ok(response) => break response,
            Err(failure) => backoff.after(failure).await?,
        }
    };
    match digest_header(response.headers()) {
        Some(kept) if kept != digest.to_string() => {
            let kept = kept.escape_debug();
            Err(session.target.error(format!(
                "it keeps the manifest as {kept}, and it was sent as {digest}"
            )))
        }
        _ => Ok(()),
    }
}
