//! Transfers of blobs, and how long they may take.

use std::time::Duration;

use cofferdam_capability::Digest;

/// The longest a whole pull or push may take, retries included. The largest image at 1 Mbit/s takes
/// half of it.
pub(super) const TRANSFER_WALL: Duration = Duration::from_secs(60 * 60);

/// Is told how far each blob has come.
pub type Watch = dyn Fn(&Transfer) + Send + Sync;

/// The progress of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The blob.
    pub digest: Digest,
    /// So many of its bytes are there.
    pub done: u64,
    /// Its size, in bytes.
    pub total: u64,
}
