//! Blobs and manifests on their way into a registry.

use std::time::Duration;

use bytes::Bytes;
use cofferdam_capability::Digest;
use oci_spec::image::MediaType;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{StatusCode, Url};
use tokio::sync::watch;

use super::backoff::{Backoff, Failure};
use super::session::{ANSWER, Session, digest_header};
use super::transfer::Transfer;
use super::upload::Upload;
use crate::error::Error;

/// The slowest line that a blob is sent over, in bytes a second: 256 kbit/s.
const SLOWEST_BYTES_PER_SECOND: u64 = 32 << 10;

/// Asks whether something is there. The text is the digest the registry gives it, if it gives one.
pub(super) async fn head(
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
pub(super) async fn upload(session: &mut Session<'_>, blob: &Upload) -> Result<bool, Error> {
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

/// Puts a manifest or an index under a tag or its digest, and returns the headers of the answer.
pub(super) async fn put_manifest(
    session: &mut Session<'_>,
    named: &str,
    media_type: &MediaType,
    manifest: Bytes,
) -> Result<HeaderMap, Error> {
    let digest = Digest::of(&manifest);
    let url = session.target.url(&format!("manifests/{named}"))?;
    let media_type = media_type.to_string();
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
        _ => Ok(response.headers().clone()),
    }
}
