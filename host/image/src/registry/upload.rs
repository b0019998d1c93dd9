//! A blob on its way out: read and checked on one thread while what is there already travels.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cofferdam_capability::Digest;
use futures_util::stream;
use oci_spec::image::Descriptor;
use reqwest::Body;
use tokio::sync::{mpsc, watch};

use crate::error::Error;
use crate::store::limits::Part;
use crate::store::{Store, blob};

/// The pieces a blob is sent in, in bytes: few enough hand-overs between threads, and often enough
/// to tell how far it is.
const PIECE_BYTES: usize = 256 << 10;

/// Number of pieces that may wait to be sent: enough to keep the disk and the network both busy.
const PIECES_WAITING: usize = 8;

/// A blob of the store that goes into a registry, as often as it takes.
#[derive(Debug)]
pub(super) struct Upload {
    store: Arc<Store>,
    part: &'static Part,
    descriptor: Descriptor,
    pub(super) digest: Digest,
    broken: Arc<Mutex<Option<Error>>>,
}

impl Upload {
    pub(super) fn new(
        store: &Arc<Store>,
        part: &'static Part,
        descriptor: Descriptor,
    ) -> Result<Self, Error> {
        let digest = blob::digest(&descriptor)?;
        Ok(Self {
            store: Arc::clone(store),
            part,
            descriptor,
            digest,
            broken: Arc::default(),
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.descriptor.size()
    }

    /// The body of one request, which tells how far it is. A blob that turns out to be damaged
    /// breaks off before its end; [`Upload::broken`] has the reason.
    pub(super) fn body(&self, told: watch::Sender<u64>) -> Body {
        let (sender, pieces) = mpsc::channel(PIECES_WAITING);
        let store = Arc::clone(&self.store);
        let part = self.part;
        let descriptor = self.descriptor.clone();
        let broken = Arc::clone(&self.broken);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = read(&store, part, &descriptor, &sender) {
                let stop = io::Error::other(error.to_string());
                *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                sender.blocking_send(Err(stop)).ok();
            }
        });
        Body::wrap_stream(stream::unfold(
            (pieces, 0),
            move |(mut pieces, mut done)| {
                let told = told.clone();
                async move {
                    let piece: io::Result<Bytes> = pieces.recv().await?;
                    done += piece.as_ref().map_or(0, |piece| piece.len() as u64);
                    told.send_replace(done);
                    Some((piece, (pieces, done)))
                }
            },
        ))
    }

    /// The reason why the store did not give the blob, if it did not.
    pub(super) fn broken(&self) -> Option<Error> {
        self.broken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// Reads the blob to its end, or until nobody wants it any more.
fn read(
    store: &Store,
    part: &Part,
    descriptor: &Descriptor,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), Error> {
    let mut blob = store.blob(part, descriptor)?;
    loop {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let size = blob.next(&mut piece, PIECE_BYTES as u64)?;
        if size == 0 || sender.blocking_send(Ok(piece.into())).is_err() {
            return Ok(());
        }
    }
}
