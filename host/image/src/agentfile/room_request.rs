//! `CONFIG` keys for the room of an agent's files: `limit.workspace.bytes` and
//! `limit.workspace.entries`.

use cofferdam_capability::{Bytes, Count};

use super::declared::Config;
use super::error::{Fault, Position, shown};

/// The beginning of the keys.
const WORKSPACE: &str = "limit.workspace.";

/// The room that an Agentfile asks for, for the files of its agent over all calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomRequest {
    /// Bytes of all files.
    pub bytes: Option<Bytes>,
    /// Files, directories and links.
    pub entries: Option<Count>,
}

/// A key for the room.
#[derive(Clone, Copy)]
pub(super) enum RoomKey {
    Bytes,
    Entries,
}

impl RoomKey {
    /// Reads a key; nothing where it is not for the room. A BIN may be called `workspace` too, and
    /// no limit of a call has one of these names.
    pub(super) fn of(key: &str) -> Option<Self> {
        match key.strip_prefix(WORKSPACE)? {
            "bytes" => Some(Self::Bytes),
            "entries" => Some(Self::Entries),
            _ => None,
        }
    }
}

impl RoomRequest {
    /// The room that these settings ask for. Their values were checked when they were read.
    pub fn of(configs: &[Config]) -> Self {
        let mut room = Self::default();
        for config in configs {
            if let (Some(key), Some(value)) = (RoomKey::of(&config.key), &config.value) {
                // What is wrong asks for nothing.
                let _ = room.ask(key, &value.to_string(), Position { line: 1, column: 1 });
            }
        }
        room
    }

    /// Asks for so much room. `at` is the place of the value.
    pub(super) fn ask(&mut self, key: RoomKey, value: &str, at: Position) -> Result<(), Fault> {
        let wrong = |problem: String| Fault::new(at, problem);
        match key {
            RoomKey::Bytes => {
                let bytes: Bytes = value.parse().map_err(wrong)?;
                if bytes.is_empty() {
                    return Err(nothing(value, at));
                }
                self.bytes = Some(bytes);
            }
            RoomKey::Entries => {
                let entries: Count = value.parse().map_err(wrong)?;
                if entries.0 == 0 {
                    return Err(nothing(value, at));
                }
                self.entries = Some(entries);
            }
        }
        Ok(())
    }
}

fn nothing(value: &str, at: Position) -> Fault {
    Fault::new(
        at,
        format!(
            "{} leaves no room in the workspace; write more, or give the BINs no access with \
             `grant.BIN.workspace=none`",
            shown(value)
        ),
    )
}
