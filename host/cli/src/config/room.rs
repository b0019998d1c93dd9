//! The room of the files that tools of agents keep.

use std::fmt::{self, Display};

use cofferdam_agent::RoomRules;
use cofferdam_capability::{Bytes, Count, RoomBounds};
use serde_json::Value;

/// Bytes of the files that tools of one agent keep, unless the operator says otherwise: sixteen
/// times what a call may write by default, and a small part of a disk (1 GiB).
pub(super) const BYTES: Bytes = Bytes(1 << 30);

/// The most of them that an agent can be given, unless the operator says otherwise: what a call may
/// be allowed to write (16 GiB).
pub(super) const BYTES_CEILING: Bytes = Bytes(16 << 30);

/// The most of them that an operator may choose: what a disk has (1 TiB).
pub(super) const MOST_BYTES: Bytes = Bytes(1 << 40);

/// Files, directories and links that tools of one agent keep, unless the operator says otherwise:
/// sixteen times what a call may make by default. They are counted in a tenth of a second.
pub(super) const ENTRIES: Count = Count(65_536);

/// The most of them that an agent can be given, unless the operator says otherwise: they are
/// counted in seconds, for which its first call waits.
pub(super) const ENTRIES_CEILING: Count = Count(1_048_576);

/// The most of them that an operator may choose.
pub(super) const MOST_ENTRIES: Count = Count(16_777_216);

/// The keys of `[host]` for it, as they are written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) bytes: Option<Bytes>,
    pub(super) bytes_ceiling: Option<Bytes>,
    pub(super) entries: Option<Count>,
    pub(super) entries_ceiling: Option<Count>,
}

/// A room that cannot be chosen.
#[derive(Debug)]
pub(super) struct RoomError {
    pub(super) key: &'static str,
    written: String,
    most: String,
}

impl Display for RoomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, written, most } = self;
        write!(
            f,
            "[host] `{key}` = {written}: expected more than none, and at most {most}"
        )
    }
}

/// The room of agents. A default above a lowered ceiling is lowered with it.
pub(super) fn rules(written: Written) -> Result<RoomRules, RoomError> {
    let Written {
        bytes,
        bytes_ceiling,
        entries,
        entries_ceiling,
    } = written;
    let bytes_ceiling = bytes_ceiling.unwrap_or(BYTES_CEILING);
    within(
        "workspace-bytes-ceiling",
        bytes_ceiling,
        MOST_BYTES,
        Bytes(0),
    )?;
    let entries_ceiling = entries_ceiling.unwrap_or(ENTRIES_CEILING);
    within(
        "workspace-entries-ceiling",
        entries_ceiling,
        MOST_ENTRIES,
        Count(0),
    )?;
    let bytes = bytes.unwrap_or(BYTES.min(bytes_ceiling));
    within("workspace-bytes", bytes, bytes_ceiling, Bytes(0))?;
    let entries = entries.unwrap_or(ENTRIES.min(entries_ceiling));
    within("workspace-entries", entries, entries_ceiling, Count(0))?;
    Ok(RoomRules {
        default: RoomBounds {
            bytes: bytes.0,
            entries: entries.0,
        },
        ceiling: RoomBounds {
            bytes: bytes_ceiling.0,
            entries: entries_ceiling.0,
        },
    })
}

/// Refuses a value that is `none`, or more than `most`.
fn within<T: PartialOrd + Display>(
    key: &'static str,
    value: T,
    most: T,
    none: T,
) -> Result<(), RoomError> {
    if value > none && value <= most {
        return Ok(());
    }
    Err(RoomError {
        key,
        written: value.to_string(),
        most: most.to_string(),
    })
}

/// The keys with the values that hold.
pub(super) fn shown(rules: &RoomRules) -> [(&'static str, Value); 4] {
    let RoomRules { default, ceiling } = rules;
    [
        ("workspace-bytes", Bytes(default.bytes).to_string().into()),
        (
            "workspace-bytes-ceiling",
            Bytes(ceiling.bytes).to_string().into(),
        ),
        ("workspace-entries", default.entries.into()),
        ("workspace-entries-ceiling", ceiling.entries.into()),
    ]
}
