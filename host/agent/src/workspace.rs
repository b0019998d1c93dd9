//! An agent's tree on disk: `<data>/agents/<id>/`, a small Unix root.

use std::io::{Error, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::{Dir, MetadataExt, OpenOptions};
use cofferdam_capability::{Bytes, Count, Room, RoomBounds};
use cofferdam_image::agentfile::{Agentfile, DATA_MAX_BYTES, FILE_MAX_BYTES};

use crate::added::{self, AddedFile};
use crate::error::AgentError;
use crate::files;
use crate::kept::{self, WRITTEN};
use crate::revision::{self, Revision};
use crate::room::{Files, KEPT, Rooms};
use crate::trees::DIRECTORIES;

/// The beginning of the names of files that are being written. They lie at the top of the tree,
/// which no tool sees, and get their place when they are whole.
const INCOMING: &str = ".incoming.";

/// The files that an author added.
const DATA: &str = "etc/data";

/// The resolved configuration.
pub(crate) const YAML: &str = "etc/agent.yaml";

/// The beginning of a model that replays a file.
const SCRIPT: &str = "script/";

/// The largest usage text, in bytes: what an image's config or layer may hold at most.
const MAX_USAGE: u64 = 1 << 20;

/// A tree, opened once. Nothing in it is reached by a path from outside again.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: Arc<Dir>,
    /// Its path, for messages alone.
    path: PathBuf,
    /// True for a tree of another program, in whose `etc` and `usr` nothing is written.
    is_adopted: bool,
}

/// The script of a model, in the files that an author added.
#[derive(Debug)]
pub(crate) struct ScriptFile {
    /// The model, by the name of its file there.
    pub(crate) model: String,
    /// The directory of these files.
    pub(crate) directory: PathBuf,
}

impl Workspace {
    /// Opens the tree of the agent `id` below `agents`, finishes what a killed host began in it,
    /// and makes what is missing.
    pub(crate) fn open(agents: &Dir, id: &str, path: PathBuf) -> Result<Self, AgentError> {
        let wrong = |source| AgentError::Tree {
            path: path.clone(),
            source,
        };
        agents.create_dir_all(id).map_err(wrong)?;
        let root = agents.open_dir(id).map_err(wrong)?;
        revision::finish(&root)
            .and_then(|()| remove_incoming(&root))
            .map_err(wrong)?;
        for name in DIRECTORIES {
            root.create_dir_all(name)
                .map_err(|source| AgentError::Tree {
                    path: path.join(name),
                    source,
                })?;
        }
        Ok(Self {
            root: Arc::new(root),
            path,
            is_adopted: false,
        })
    }

    /// Takes a tree that another program has made, and makes the directories of tools that it
    /// lacks.
    pub(crate) fn adopted(root: &Dir, path: &Path) -> Result<Self, AgentError> {
        let wrong = |source| AgentError::Tree {
            path: path.to_owned(),
            source,
        };
        let is_tools = |name: &str| KEPT.iter().any(|kept| name.starts_with(kept));
        let mut missing = DIRECTORIES.iter().filter(|name| is_tools(name));
        missing
            .try_for_each(|name| root.create_dir_all(name))
            .map_err(wrong)?;
        Ok(Self {
            root: Arc::new(root.try_clone().map_err(wrong)?),
            path: path.to_owned(),
            is_adopted: true,
        })
    }

    /// Opens a tree that is there, and makes nothing in it. `path` is its place below the data
    /// directory `data`.
    pub(crate) fn existing(data: &Dir, path: &Path) -> Result<Self, AgentError> {
        let name = path.file_name().unwrap_or_default();
        let opened = data.open_dir(Path::new("agents").join(name));
        let root = opened.map_err(|source| AgentError::Tree {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            root: Arc::new(root),
            path: path.to_owned(),
            is_adopted: false,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true for a tree of another program.
    pub(crate) fn is_adopted(&self) -> bool {
        self.is_adopted
    }

    pub(crate) fn root(&self) -> &Dir {
        &self.root
    }

    /// The files that tools of the agent `id` keep in this tree.
    pub(crate) fn files(
        &self,
        rooms: &Rooms,
        id: &str,
        bounds: RoomBounds,
    ) -> Result<Arc<Files>, AgentError> {
        let files = rooms.of(id, &self.root, bounds);
        files.map_err(|source| AgentError::Tree {
            path: self.path.clone(),
            source,
        })
    }

    /// Refuses a tree that was removed or replaced since it was opened.
    pub(crate) fn check(&self) -> Result<(), AgentError> {
        if files::is_in_place(&self.root, &self.path) {
            return Ok(());
        }
        Err(AgentError::Gone {
            path: self.path.clone(),
        })
    }

    /// Reads a file of at most `max` bytes.
    pub(crate) fn read(&self, name: &str, max: u64) -> Result<Vec<u8>, AgentError> {
        let wrong = |source| AgentError::Tree {
            path: self.path.join(name),
            source,
        };
        let file = files::open(&self.root, name).map_err(wrong)?;
        let size = file.metadata().map_err(wrong)?.len().min(max);
        // One more, so that the end is found without more room.
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        file.take(max).read_to_end(&mut bytes).map_err(wrong)?;
        Ok(bytes)
    }

    /// Puts a file into `/workspace`, whole or not at all, in place of a file or link of that name.
    pub(crate) fn copy_in(&self, name: &str, bytes: &[u8], room: &Room) -> Result<(), AgentError> {
        let place = format!("workspace/{name}");
        let replaced = self.root.symlink_metadata(&place).ok();
        let size = bytes.len() as u64;
        let freed = replaced
            .as_ref()
            // A file that has another name, too, keeps its bytes.
            .filter(|replaced| replaced.is_file() && replaced.nlink() <= 1)
            .map_or(0, |replaced| replaced.len());
        let grows = size.saturating_sub(freed);
        let is_new = replaced.is_none();
        if is_new && !room.take_entry() {
            return Err(self.full(&place, size, room));
        }
        if !room.take_bytes(grows) {
            room.give_back(0, u64::from(is_new));
            return Err(self.full(&place, size, room));
        }
        let put = self.put(&place, bytes);
        match &put {
            Ok(()) => room.removed(freed.saturating_sub(size), 0),
            Err(_) => room.give_back(grows, u64::from(is_new)),
        }
        put
    }

    fn full(&self, place: &str, size: u64, room: &Room) -> AgentError {
        let used = room.used();
        let most = room.bounds();
        AgentError::Full {
            path: self.path.join(place),
            size: Bytes(size),
            used: format!(
                "{} of {} and {} of {} entries",
                Bytes(used.bytes),
                Bytes(most.bytes),
                Count(used.entries),
                Count(most.entries)
            ),
        }
    }

    fn put(&self, place: &str, bytes: &[u8]) -> Result<(), AgentError> {
        let temporary = format!("{INCOMING}{}", uuid::Uuid::new_v4());
        let mut options = OpenOptions::new();
        let written = self
            .root
            .open_with(&temporary, options.write(true).create_new(true))
            .and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()?;
                self.root.rename(&temporary, &self.root, place)
            });
        written.map_err(|source| {
            // If it stays, the next start removes it.
            let _ = self.root.remove_file(&temporary);
            let source = match source.kind() {
                ErrorKind::IsADirectory | ErrorKind::DirectoryNotEmpty => Error::new(
                    source.kind(),
                    "a directory has this name: rename or remove it",
                ),
                _ => source,
            };
            AgentError::Tree {
                path: self.path.join(place),
                source,
            }
        })
    }

    /// Writes a revision beside the one that the tree has. It counts from here on.
    pub(crate) fn prepare(&self, revision: &Revision) -> Result<(), AgentError> {
        revision
            .prepare(&self.root)
            .map_err(|source| AgentError::Tree {
                path: self.path.clone(),
                source,
            })
    }

    /// Takes a prepared revision back.
    pub(crate) fn discard(&self) {
        // One that cannot be removed now is the agent's after the next start.
        let _ = revision::discard(&self.root);
    }

    /// Switches to a prepared revision.
    pub(crate) fn finish(&self) -> Result<(), AgentError> {
        revision::finish(&self.root).map_err(|source| AgentError::Tree {
            path: self.path.clone(),
            source,
        })
    }

    /// Returns true if the tree holds this revision.
    pub(crate) fn has(&self, revision: &Revision) -> Result<bool, AgentError> {
        revision
            .is_in(&self.root)
            .map_err(|source| AgentError::Tree {
                path: self.path.clone(),
                source,
            })
    }

    /// The agent's Agentfile, as the tree keeps it, with its texts and files.
    pub(crate) fn agentfile(&self) -> Result<Agentfile, AgentError> {
        let mut agentfile = kept::agentfile(&self.path)?;
        agentfile.fill(|context| self.read_context(&context.name))?;
        agentfile.fill_data(|add| {
            let content = self.read(&data_file(&add.name), DATA_MAX_BYTES)?;
            Ok::<_, AgentError>(content.into())
        })?;
        Ok(agentfile)
    }

    /// The Agentfile as it was written, if the tree has it.
    pub(crate) fn written(&self) -> Result<Vec<u8>, AgentError> {
        if !self.root.exists(WRITTEN) {
            return Ok(Vec::new());
        }
        self.read(WRITTEN, FILE_MAX_BYTES)
    }

    /// Opens the files that the agent's author added, as the tree has them; nothing if there are
    /// none.
    pub(crate) fn data(&self, agentfile: &Agentfile) -> Result<Option<Arc<Dir>>, AgentError> {
        if agentfile.adds.is_empty() {
            return Ok(None);
        }
        let data = self.root.open_dir(DATA);
        self.opened(data)
    }

    /// Opens the files that the agent's author added, in a place where they stay while the tree
    /// changes; nothing if there are none.
    pub(crate) fn keep_data(&self, agentfile: &Agentfile) -> Result<Option<Arc<Dir>>, AgentError> {
        if self.is_adopted {
            return self.opened(self.root.open_dir(DATA)).or(Ok(None));
        }
        if agentfile.adds.is_empty() {
            return Ok(None);
        }
        self.opened(added::directory(&self.root, &files_of(agentfile)))
    }

    /// The file of a model `script/FILE` that came with the agent, as an image brings it; nothing
    /// for another model, and where the file lies beside the Agentfile alone.
    pub(crate) fn script(&self, agentfile: &Agentfile) -> Option<ScriptFile> {
        let file = agentfile.model().strip_prefix(SCRIPT)?;
        let mut adds = agentfile.adds.iter();
        let add = adds.find(|add| add.source == Path::new(file))?;
        Some(ScriptFile {
            model: format!("{SCRIPT}{}", add.name),
            directory: self.path.join(added::path(&files_of(agentfile))),
        })
    }

    fn opened(&self, data: std::io::Result<Dir>) -> Result<Option<Arc<Dir>>, AgentError> {
        let data = data.map_err(|source| AgentError::Tree {
            path: self.path.join(DATA),
            source,
        })?;
        Ok(Some(Arc::new(data)))
    }

    /// The text of a context, as it was when the agent was made.
    pub(crate) fn read_context(&self, name: &str) -> Result<String, AgentError> {
        self.read_text(&format!("etc/context/{name}.md"), FILE_MAX_BYTES)
    }

    /// The usage text of a tool, if its image had one.
    pub(crate) fn read_usage(&self, bin: &str) -> Result<Option<String>, AgentError> {
        let name = usage_file(bin);
        if !self.root.exists(&name) {
            return Ok(None);
        }
        self.read_text(&name, MAX_USAGE).map(Some)
    }

    /// The names in a directory, at most so many; none where it is missing.
    pub(crate) fn names(&self, directory: &str, most: usize) -> Result<Vec<String>, AgentError> {
        let wrong = |source| AgentError::Tree {
            path: self.path.join(directory),
            source,
        };
        let mut names = Vec::new();
        let entries = match self.root.read_dir(directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(names),
            entries => entries.map_err(wrong)?,
        };
        for entry in entries {
            if names.len() == most {
                let problem = format!("it has more than {most} entries");
                return Err(wrong(Error::other(problem)));
            }
            names.extend(entry.map_err(wrong)?.file_name().into_string());
        }
        Ok(names)
    }

    pub(crate) fn read_text(&self, name: &str, max: u64) -> Result<String, AgentError> {
        let wrong = |error| AgentError::Tree {
            path: self.path.join(name),
            source: Error::other(error),
        };
        String::from_utf8(self.read(name, max)?).map_err(wrong)
    }
}

/// The files that the author of an agent added.
fn files_of(agentfile: &Agentfile) -> Vec<AddedFile<'_>> {
    let adds = agentfile.adds.iter();
    adds.map(|add| AddedFile {
        name: &add.name,
        content: &add.content,
    })
    .collect()
}

/// Returns the path of a file that an author added in its tree.
pub(crate) fn data_file(name: &str) -> String {
    format!("{DATA}/{name}")
}

/// Returns the path of a tool's usage text in its tree.
pub(crate) fn usage_file(bin: &str) -> String {
    format!("etc/data/bins/{bin}/USAGE.md")
}

/// Removes what was being written when a host was killed.
fn remove_incoming(root: &Dir) -> std::io::Result<()> {
    for entry in root.entries()? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(INCOMING)) {
            root.remove_file(Path::new(&name))?;
        }
    }
    Ok(())
}
