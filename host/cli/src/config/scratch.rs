//! The room of running calls in `/tmp`.

use cofferdam_capability::{Bytes, Count};

/// Bytes in `/tmp` over all calls at once, unless the operator says otherwise: half of what all of
/// them could write within the default limits, because few tools use it and the disk is the
/// database's too (2 GiB).
pub(super) const BYTES: Bytes = Bytes(2 << 30);

/// The most of them that an operator may choose: what a disk has (1 TiB).
pub(super) const MOST_BYTES: Bytes = Bytes(1 << 40);

/// Entries in `/tmp` over all calls at once, unless the operator says otherwise: a quarter of what
/// all of them could make within the default limits. Each takes an inode, and up to a page.
pub(super) const ENTRIES: Count = Count(65_536);

/// The most of them that an operator may choose.
pub(super) const MOST_ENTRIES: Count = Count(16_777_216);
