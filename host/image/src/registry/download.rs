//! A blob on its way in: written while it comes, and gone on with where a connection broke off.

use std::sync::Arc;

use bytes::Bytes;
use cofferdam_capability::Digest;
use oci_spec::image::Descriptor;
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use tokio::sync::{mpsc, watch};

use super::backoff::{Backoff, Failure};
use super::body;
use super::session::{ANSWER, Session};
use crate::blocking::blocking;
use crate::error::Error;
use crate::store::limits::{MANIFEST, Part};
use crate::store::{Arrived, Store, blob};

/// Number of pieces of a blob that may wait to be written: enough to keep the disk and the network
/// both busy.
const PIECES_WAITING: usize = 64;

/// A blob that has to come.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) part: &'static Part,
    pub(super) descriptor: &'a Descriptor,
}

/// The end of a blob that is wanted no longer, because another of its image cannot be had.
fn ended() -> Error {
    Error::io("fetch a blob")(std::io::Error::from(std::io::ErrorKind::Interrupted))
}

/// A blob that came.
pub(super) struct Fetched {
    pub(super) blob: Arrived,
    pub(super) bytes: u64,
    /// True if it was in the store.
    pub(super) was_here: bool,
}

/// A blob: from the store, where it is there, else from the registry.
pub(super) async fn fetch(
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

/// A document that is in memory already, on its way into the store.
pub(super) fn whole(store: &Store, bytes: &[u8]) -> Result<Arrived, Error> {
    let mut incoming = store.incoming(&MANIFEST, Digest::of(bytes), bytes.len() as u64)?;
    incoming.write(bytes)?;
    incoming.finish()
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
