//! The room of the audit trail.

use cofferdam_capability::Bytes;

/// Bytes of the audit trail, unless the operator says otherwise (256 MiB): some 300,000 calls. A
/// host proves all of it in a second or two when it starts.
pub(super) const BYTES: Bytes = Bytes(256 << 20);

/// The fewest of them (1 MiB): a thousand calls, and sixteen files of more than a line.
pub(super) const LEAST_BYTES: Bytes = Bytes(1 << 20);

/// The most of them that an operator may choose: what a disk has (1 TiB).
pub(super) const MOST_BYTES: Bytes = Bytes(1 << 40);

/// The problem of a room that cannot be chosen.
pub(super) fn refused(bytes: Bytes) -> Option<String> {
    (!(LEAST_BYTES..=MOST_BYTES).contains(&bytes))
        .then(|| format!("[host] `audit-bytes` = {bytes}: expected {LEAST_BYTES} to {MOST_BYTES}"))
}
