//! The trees below `agents/`, as they lie there, whether the database knows them or not.

use std::collections::BTreeSet;
use std::io::Error;

use cap_std::fs::Dir;

/// Trees of one data directory that are looked at: more than a host of one machine works for.
const MAX_TREES: usize = 10_000;

/// The ids of trees, by what lies in them.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// An agent was made there.
    pub(crate) made: BTreeSet<String>,
    /// The making of an agent was begun there and came to nothing, so no tool has ever worked in it.
    pub(crate) begun: BTreeSet<String>,
}

/// Looks into every tree.
pub(crate) fn find(trees: &Dir) -> std::io::Result<Found> {
    let mut found = Found::default();
    for (count, entry) in trees.entries()?.enumerate() {
        if count == MAX_TREES {
            return Err(Error::other(format!("it has more than {MAX_TREES} entries")));
        }
        let entry = entry?;
        // What is no tree of this host stays where it is.
        let Some(id) = entry.file_name().to_str().filter(|name| uuid::Uuid::parse_str(name).is_ok()).map(str::to_owned)
        else {
            continue;
        };
        if !entry.file_type()?.is_dir() {
            continue;
        }
        let tree = entry.open_dir()?;
        let made = tree.exists("etc/Agentfile") || tree.exists(".replaced/etc/Agentfile");
        let unused = !tree.exists("workspace") || tree.read_dir("workspace")?.next().is_none();
        match (made, unused) {
            (true, _) => found.made.insert(id),
            (false, true) => found.begun.insert(id),
            (false, false) => false,
        };
    }
    Ok(found)
}
