//! From a registry into the store.

use std::sync::Arc;

use bytes::Bytes;
use cofferdam_capability::Digest;
use futures_util::{StreamExt, stream};
use oci_spec::image::{Descriptor, ImageIndex, MediaType};
use reqwest::header::{ACCEPT, CONTENT_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use tokio::sync::{mpsc, watch};

use super::backoff::{Backoff, Failure};
use super::body;
use super::session::{ANSWER, Session, digest_header};
use crate::blocking::blocking;
use crate::content;
use crate::error::Error;
use crate::kind::{AGENT_ARTIFACT, Kind};
use crate::reference::Reference;
use crate::store::limits::{MANIFEST, Part};
use crate::store::{Arrived, Store, blob, platform};
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

/// The documents we can read, and those of containers, so that we can say that it is one.
const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
                        application/vnd.oci.image.index.v1+json, \
                        application/vnd.docker.distribution.manifest.v2+json, \
                        application/vnd.docker.distribution.manifest.list.v2+json";

/// Number of blobs of one image that travel at once: enough that a connection is never idle, and
/// few beside what a registry allows one client.
const BLOBS_AT_ONCE: usize = 4;

/// Number of pieces of a blob that may wait to be written: enough to keep the disk and the network
/// both busy.
const PIECES_WAITING: usize = 64;

/// Pulls what `reference` means into `store`, if it is of the kind that is `wanted`.
pub(super) async fn pull(
    session: &mut Session<'_>,
    store: &Arc<Store>,
    reference: &Reference,
    wanted: Option<Kind>,
) -> Result<Pulled, Error> {
    let named = match reference.digest() {
        Some(digest) => digest.to_string(),
        None => reference.tag().unwrap_or_default().to_owned(),
    };
    let top = manifest(session, &named).await?;
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
            (indexed(session, &row).await?, Some(row))
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
    let mut arrived = Vec::new();
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
        store.keep(&name, top_descriptor, arrived)
    })
    .await?;
    Ok(Pulled {
        digest,
        moved_from: former.filter(|former| *former != digest),
        size,
        present,
    })
}

/// A document that is in memory already, on its way into the store.
fn whole(store: &Store, bytes: &[u8]) -> Result<Arrived, Error> {
    let mut incoming = store.incoming(&MANIFEST, Digest::of(bytes), bytes.len() as u64)?;
    incoming.write(bytes)?;
    incoming.finish()
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

/// The manifest that a row of an index describes.
async fn indexed(session: &mut Session<'_>, row: &Descriptor) -> Result<Vec<u8>, Error> {
    MANIFEST.check(row.size())?;
    let digest = blob::digest(row)?;
    let bytes = manifest(session, &digest.to_string()).await?;
    let actual = Digest::of(&bytes);
    if actual != digest || bytes.len() as u64 != row.size() {
        let problem = format!(
            "came as {actual} with {} bytes; the index says {} bytes",
            bytes.len(),
            row.size()
        );
        return Err(Error::corrupt(format!("the manifest {digest}"), problem));
    }
    Ok(bytes)
}

/// A manifest or an index, by tag or digest.
async fn manifest(session: &mut Session<'_>, named: &str) -> Result<Vec<u8>, Error> {
    let url = session.target.url(&format!("manifests/{named}"))?;
    let mut backoff = Backoff::default();
    loop {
        let answer = session
            .send(&url, ANSWER, |client| {
                client.get(url.clone()).header(ACCEPT, ACCEPTED)
            })
            .await;
        let whole = match answer {
            Ok(response) => read_manifest(session, response).await,
            Err(failure) => Err(failure),
        };
        match whole {
            Ok(bytes) => return Ok(bytes),
            Err(failure) => backoff.after(failure).await?,
        }
    }
}

async fn read_manifest(session: &Session<'_>, response: Response) -> Result<Vec<u8>, Failure> {
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

/// A blob that has to come.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    part: &'static Part,
    descriptor: &'a Descriptor,
}

/// The end of a blob that is wanted no longer, because another of its image cannot be had.
fn ended() -> Error {
    Error::io("fetch a blob")(std::io::Error::from(std::io::ErrorKind::Interrupted))
}

/// A blob that came.
struct Fetched {
    blob: Arrived,
    bytes: u64,
    /// True if it was in the store.
    was_here: bool,
}

/// A blob: from the store, where it is there, else from the registry.
async fn fetch(
    session: &mut Session<'_>,
    store: &Arc<Store>,
    wanted: Wanted<'_>,
    mut stopped: watch::Receiver<bool>,
) -> Result<Fetched, Error> {
    let Wanted { part, descriptor } = wanted;
    let digest = blob::digest(descriptor)?;
    let size = descriptor.size();
    if *stopped.borrow() {
        return Err(ended());
    }
    let from = Arc::clone(store);
    if let Some(blob) = blocking(move || from.arrived(part, digest, size)).await? {
        session.tell(digest, size, size);
        return Ok(Fetched {
            blob,
            bytes: size,
            was_here: true,
        });
    }
    let into = Arc::clone(store);
    let mut incoming = blocking(move || into.incoming(part, digest, size)).await?;
    let (sender, mut pieces) = mpsc::channel::<Bytes>(PIECES_WAITING);
    // Hashed and written on another thread, while the next piece comes.
    let writing = tokio::spawn(blocking(move || {
        while let Some(piece) = pieces.blocking_recv() {
            incoming.write(&piece)?;
        }
        Ok(incoming)
    }));
    let transfer = Download {
        digest,
        size,
        noun: part.noun,
        sender,
        come: 0,
    };
    let fetched = tokio::select! {
        fetched = transfer.run(session) => fetched,
        _ = stopped.changed() => Err(ended()),
    };
    // What the disk said comes first: a network whose pieces nobody takes ends for that reason.
    let incoming = writing
        .await
        .map_err(|error| Error::io("write a blob")(std::io::Error::other(error)))??;
    fetched?;
    Ok(Fetched {
        blob: blocking(move || incoming.finish()).await?,
        bytes: size,
        was_here: false,
    })
}

/// A blob on its way.
struct Download {
    digest: Digest,
    size: u64,
    noun: &'static str,
    sender: mpsc::Sender<Bytes>,
    /// So many bytes have come.
    come: u64,
}

impl Download {
    /// Fetches the blob, going on where a connection broke off.
    async fn run(mut self, session: &mut Session<'_>) -> Result<(), Error> {
        let url = session.target.url(&format!("blobs/{}", self.digest))?;
        let mut backoff = Backoff::default();
        loop {
            let from = self.come;
            let answer = session.send(&url, ANSWER, |client| match from {
                0 => client.get(url.clone()),
                from => client
                    .get(url.clone())
                    .header(RANGE, format!("bytes={from}-")),
            });
            let failure = match answer.await {
                Ok(response) => match self.read(session, response).await {
                    Ok(()) => return Ok(()),
                    Err(failure) => failure,
                },
                Err(failure) => failure,
            };
            if self.come > from {
                backoff.progressed();
            }
            backoff.after(failure).await?;
        }
    }

    async fn read(&mut self, session: &Session<'_>, mut response: Response) -> Result<(), Failure> {
        let partial = response.status() == StatusCode::PARTIAL_CONTENT;
        if partial && !self.continues(&response) {
            let problem = "it answered a request for the rest of a blob with another part of it";
            return Err(Failure::lasting(session.target.error(problem)));
        }
        // A registry that knows no ranges sends everything again.
        let mut skip = if partial { 0 } else { self.come };
        let expected = self.size - self.come + skip;
        if let Some(length) = response
            .content_length()
            .filter(|length| *length != expected)
        {
            return Err(self.corrupt(format!(
                "has {length} bytes in the registry, and {expected} by its manifest"
            )));
        }
        loop {
            let mut piece = match body::chunk(&mut response).await {
                Ok(Some(piece)) => piece,
                Ok(None) if self.come == self.size => return Ok(()),
                Ok(None) => return Err(self.cut(session, "it ended early")),
                Err(error) => return Err(self.cut(session, &error.to_string())),
            };
            let again = usize::try_from(skip).unwrap_or(usize::MAX).min(piece.len());
            let _ = piece.split_to(again);
            skip -= again as u64;
            let come = self.come + piece.len() as u64;
            if come > self.size {
                return Err(self.corrupt(format!(
                    "has more than the {} bytes that its manifest says",
                    self.size
                )));
            }
            if self.sender.send(piece).await.is_err() {
                return Err(self.corrupt("could not be written".to_owned()));
            }
            self.come = come;
            session.tell(self.digest, come, self.size);
        }
    }

    /// Returns true if a partial answer begins where we are.
    fn continues(&self, response: &Response) -> bool {
        let range = response
            .headers()
            .get(CONTENT_RANGE)
            .and_then(|range| range.to_str().ok());
        let first = range.and_then(|range| {
            range
                .strip_prefix("bytes ")?
                .split_once('-')?
                .0
                .parse()
                .ok()
        });
        first == Some(self.come)
    }

    fn corrupt(&self, problem: String) -> Failure {
        Failure::lasting(Error::corrupt(
            format!("{} {}", self.noun, self.digest),
            problem,
        ))
    }

    fn cut(&self, session: &Session<'_>, cause: &str) -> Failure {
        let noun = self.noun;
        let come = self.come;
        let size = self.size;
        let problem =
            format!("the connection broke after {come} of {size} bytes of {noun}: {cause}");
        Failure::passing(session.target.error(problem), None)
    }
}
