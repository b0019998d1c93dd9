//! The trees below `agents/`, as they lie there, whether the database knows them or not.

use std::collections::BTreeSet;
use std::io::{Error, ErrorKind};

use cap_std::fs::{Dir, DirEntry};

/// The directories of a tree, as the openotters executor lays them out.
pub(crate) const DIRECTORIES: [&str; 9] = [
    "etc/context",
    "etc/data/bins",
    "usr/bin",
    "workspace",
    "tmp",
    "home/.config",
    "home/.cache",
    "home/.local/share",
    "var/lib",
];

/// Trees of one data directory that are looked at: more than a host of one machine works for.
const MAX_TREES: usize = 10_000;

/// The ids of trees, by what lies in them.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// An agent was made there.
    pub(crate) made: BTreeSet<String>,
    /// The making of an agent was begun there and came to nothing, so no tool has ever worked in
    /// it.
    pub(crate) begun: BTreeSet<String>,
}

/// Looks into every tree.
pub(crate) fn find(trees: &Dir) -> std::io::Result<Found> {
    let mut found = Found::default();
    for (count, entry) in trees.entries()?.enumerate() {
        if count == MAX_TREES {
            return Err(Error::other(format!(
                "it has more than {MAX_TREES} entries"
            )));
        }
        let entry = entry?;
        // What is no tree of this host stays where it is.
        let Some(id) = entry
            .file_name()
            .to_str()
            .filter(|name| uuid::Uuid::parse_str(name).is_ok())
            .map(str::to_owned)
        else {
            continue;
        };
        let state = look(&entry).unwrap_or_else(|error| {
            // An agent may have been made there, so the database has to know of it.
            tracing::warn!("agents/{id} cannot be looked at: {error}");
            Some(State::Made)
        });
        match state {
            Some(State::Made) => found.made.insert(id),
            Some(State::Begun) => found.begun.insert(id),
            None => false,
        };
    }
    Ok(found)
}

/// The state of one tree.
enum State {
    Made,
    Begun,
}

/// Looks into one tree; there is no state of what is none.
fn look(entry: &DirEntry) -> std::io::Result<Option<State>> {
    if !entry.file_type()?.is_dir() {
        return Ok(None);
    }
    let tree = entry.open_dir()?;
    let was_made = |etc: &str| {
        let mut files = ["Agentfile", "image.json"].iter();
        files.any(|file| tree.exists(format!("{etc}/{file}")))
    };
    if was_made("etc") || was_made(".replaced/etc") {
        return Ok(Some(State::Made));
    }
    let unused = match tree.symlink_metadata("workspace") {
        Ok(workspace) => workspace.is_dir() && tree.read_dir("workspace")?.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    Ok(unused.then_some(State::Begun))
}
