//! The room of an agent's files over all calls: its bounds, and the walk that counts them.

use std::collections::{BTreeMap, HashSet};
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use cap_std::fs::{Dir, MetadataExt};
use cofferdam_capability::{Bytes, Count, Room, RoomBounds, RoomCount};
use cofferdam_image::agentfile::RoomRequest;
use tokio::sync::watch;

use crate::deployment::DeploymentError;

/// The directories whose files count: those that tools write to and that stay.
pub(crate) const KEPT: [&str; 2] = ["workspace", "home"];

/// Directories that the host makes there: `.config`, `.cache`, `.local` and `share` of the home.
const MADE_BY_HOST: u64 = 4;

/// Directories inside one another that are counted. Each is open while those in it are counted;
/// programs make a few dozen.
const MAX_DEPTH: usize = 256;

/// The room that agents have.
#[derive(Debug, Clone, Copy)]
pub struct RoomRules {
    /// The room of an agent that asks for none.
    pub default: RoomBounds,
    /// The most that an agent can be given.
    pub ceiling: RoomBounds,
}

/// The rooms of the agents, by their ids. An agent that is made anew has the room that it had, in
/// which calls may still run.
#[derive(Debug, Default)]
pub(crate) struct Rooms(Mutex<BTreeMap<String, Weak<Files>>>);

/// The files of one agent.
#[derive(Debug)]
pub(crate) struct Files {
    room: Arc<Room>,
    tree: Dir,
    /// Tells when the disk has been counted, or could not be.
    counted: watch::Sender<bool>,
}

impl RoomRules {
    /// The bounds for what an agent asks for.
    pub(crate) fn bounds(
        &self,
        request: &RoomRequest,
    ) -> std::result::Result<RoomBounds, DeploymentError> {
        let Self { default, ceiling } = self;
        let bytes = request.bytes.map_or(default.bytes, |bytes| bytes.0);
        let entries = request.entries.map_or(default.entries, |entries| entries.0);
        let above = |key: &str, asked: String, most: String| {
            Err(DeploymentError(format!(
                "`limit.workspace.{key}` = {asked} is above this host's ceiling of {most}: lower \
                 it, or raise [host] workspace-{key}-ceiling in cofferdam.toml"
            )))
        };
        if bytes > ceiling.bytes {
            let most = Bytes(ceiling.bytes).to_string();
            return above("bytes", Bytes(bytes).to_string(), most);
        }
        if entries > ceiling.entries {
            let most = Count(ceiling.entries).to_string();
            return above("entries", Count(entries).to_string(), most);
        }
        Ok(RoomBounds { bytes, entries })
    }
}

impl Rooms {
    /// The files of the agent `id`, in a tree that is open.
    pub(crate) fn of(&self, id: &str, tree: &Dir, bounds: RoomBounds) -> Result<Arc<Files>> {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = rooms.get(id).and_then(Weak::upgrade) {
            files.room.set_bounds(bounds);
            return Ok(files);
        }
        let files = Arc::new(Files {
            room: Room::new(bounds),
            tree: tree.try_clone()?,
            counted: watch::Sender::new(false),
        });
        rooms.retain(|_, files| files.strong_count() > 0);
        rooms.insert(id.to_owned(), Arc::downgrade(&files));
        Ok(files)
    }
}

impl Files {
    pub(crate) fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// Counts the files in the background, if that is needed.
    pub(crate) fn settle(self: &Arc<Self>) {
        let Some(count) = self.room.begin_count() else {
            return;
        };
        let files = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let bounds = files.room.bounds();
            files.finish(count, counted(&files.tree, bounds));
        });
    }

    /// Waits until the files have been counted for the first time.
    pub(crate) async fn ready(self: &Arc<Self>) {
        self.settle();
        let mut counted = self.counted.subscribe();
        // The sender is this very thing.
        let _ = counted.wait_for(|is_counted| *is_counted).await;
    }

    fn finish(&self, count: RoomCount, found: Result<RoomBounds>) {
        match found {
            Ok(found) => count.finish(found.bytes, found.entries),
            Err(error) => {
                tracing::warn!(
                    "an agent's files cannot be counted, so none of them grows until they can: \
                     {error}"
                );
                let bounds = self.room.bounds();
                count.finish(bounds.bytes, bounds.entries);
                self.room.doubt();
            }
        }
        self.counted.send_replace(true);
    }
}

/// Counts what lies in the directories that count. Beyond as many entries as there may be, nothing
/// more is looked at: no file may grow then.
fn counted(tree: &Dir, bounds: RoomBounds) -> Result<RoomBounds> {
    let mut found = RoomBounds {
        bytes: 0,
        entries: 0,
    };
    let mut seen_entries: u64 = 0;
    // Files with several names count once.
    let mut seen = HashSet::new();
    for name in KEPT {
        let mut above = vec![tree.open_dir(name)?.entries()?];
        while let Some(entries) = above.last_mut() {
            let Some(entry) = entries.next() else {
                above.pop();
                continue;
            };
            let entry = entry?;
            // Tools go on removing what is counted.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            seen_entries += 1;
            found.entries = seen_entries.saturating_sub(MADE_BY_HOST);
            if found.entries > bounds.entries {
                found.bytes = found.bytes.max(bounds.bytes);
                return Ok(found);
            }
            if metadata.is_file()
                && (metadata.nlink() <= 1 || seen.insert((metadata.dev(), metadata.ino())))
            {
                found.bytes = found.bytes.saturating_add(metadata.len());
            }
            if metadata.is_dir() {
                if above.len() == MAX_DEPTH {
                    return Err(Error::other(format!(
                        "more than {MAX_DEPTH} directories lie inside one another"
                    )));
                }
                match entry.open_dir().and_then(|inner| inner.entries()) {
                    Ok(inner) => above.push(inner),
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    // One that cannot be read is not taken for an empty one.
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "a test's own directory")]
    fn files_directories_and_links_are_counted_once() {
        let temporary = tempfile::tempdir().unwrap();
        let tree = Dir::open_ambient_dir(temporary.path(), cap_std::ambient_authority()).unwrap();
        tree.create_dir_all("workspace/a/b").unwrap();
        for name in ["home/.config", "home/.cache", "home/.local/share"] {
            tree.create_dir_all(name).unwrap();
        }
        tree.write("workspace/a/file", "12345").unwrap();
        tree.hard_link("workspace/a/file", &tree, "workspace/a/b/same")
            .unwrap();
        tree.symlink("../..", "workspace/a/up").unwrap();
        tree.write("home/.config/own", "123").unwrap();
        let most = RoomBounds {
            bytes: 100,
            entries: 100,
        };
        let found = counted(&tree, most).unwrap();
        assert_eq!((found.bytes, found.entries), (8, 6));
        let few = RoomBounds { entries: 3, ..most };
        let found = counted(&tree, few).unwrap();
        assert!(found.entries > 3 && found.bytes >= 100, "it is full");
    }
}
