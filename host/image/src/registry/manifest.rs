//! Manifests and indexes of a registry, checked against the digests that are claimed for them.

use cofferdam_capability::Digest;
use reqwest::header::ACCEPT;
use reqwest::{Response, StatusCode};

use super::backoff::{Backoff, Failure};
use super::body;
use super::session::{ANSWER, Session, digest_header};
use crate::error::Error;
use crate::store::limits::MANIFEST;

/// The documents we can read, and those of containers, so that we can say that it is one.
const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
                        application/vnd.oci.image.index.v1+json, \
                        application/vnd.docker.distribution.manifest.v2+json, \
                        application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest or an index, by tag or digest.
pub(super) async fn get(session: &mut Session<'_>, named: &str) -> Result<Vec<u8>, Error> {
    let mut backoff = Backoff::default();
    loop {
        match attempt(session, named).await {
            Ok(bytes) => return Ok(bytes),
            Err(failure) => backoff.after(failure).await?,
        }
    }
}

/// The same, or nothing where the registry says that there is none.
pub(super) async fn find(session: &mut Session<'_>, named: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut backoff = Backoff::default();
    loop {
        match attempt(session, named).await {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(failure) if failure.status == Some(StatusCode::NOT_FOUND) => return Ok(None),
            Err(failure) => backoff.after(failure).await?,
        }
    }
}

/// The manifest of this digest and size.
pub(super) async fn pinned(
    session: &mut Session<'_>,
    digest: Digest,
    size: u64,
) -> Result<Vec<u8>, Error> {
    MANIFEST.check(size)?;
    let bytes = get(session, &digest.to_string()).await?;
    let actual = Digest::of(&bytes);
    if actual != digest || bytes.len() as u64 != size {
        let problem = format!(
            "came as {actual} with {} bytes; the index says {size} bytes",
            bytes.len()
        );
        return Err(Error::corrupt(format!("the manifest {digest}"), problem));
    }
    Ok(bytes)
}

async fn attempt(session: &mut Session<'_>, named: &str) -> Result<Vec<u8>, Failure> {
    let url = session.target.url(&format!("manifests/{named}"))?;
    let answer = session.send(&url, ANSWER, |client| {
        client.get(url.clone()).header(ACCEPT, ACCEPTED)
    });
    let response = answer.await?;
    read(session, response).await
}

async fn read(session: &Session<'_>, response: Response) -> Result<Vec<u8>, Failure> {
    let claimed = digest_header(response.headers()).map(str::to_owned);
    if let Some(size) = response.content_length() {
        MANIFEST.check(size)?;
    }
    let bytes = body::read(response, MANIFEST.max)
        .await
        .map_err(|error| match error {
            body::BodyError::TooLarge(_) => Failure::lasting(Error::corrupt(
                "the manifest",
                format!(
                    "has no end within {} bytes, which is the most that is read",
                    MANIFEST.max
                ),
            )),
            error => Failure::passing(
                session
                    .target
                    .error(format!("the manifest was cut off: {error}")),
                None,
            ),
        })?;
    let actual = Digest::of(&bytes).to_string();
    match claimed {
        Some(claimed) if claimed.starts_with("sha256:") && claimed != actual => {
            Err(Failure::lasting(Error::corrupt(
                "the manifest",
                format!(
                    "is not what the registry says: it says {}, and what came is {actual}",
                    claimed.escape_debug()
                ),
            )))
        }
        _ => Ok(bytes),
    }
}
