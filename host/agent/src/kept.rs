//! The agents that a data directory keeps, as their Agentfiles say, whether a host runs them or not.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::path::Path;

use cofferdam_image::agentfile::{self, ReadError};

use crate::error::AgentError;

/// Agents of one data directory that are looked at: more than a host of one machine works for.
const MAX_AGENTS: usize = 10_000;

/// The names of agents, each with the names of its BINs.
pub type Kept = BTreeMap<String, Vec<String>>;

/// Looks into the data directory at `data`; nothing is made there. An agent whose Agentfile cannot be read is an error,
/// because nobody can say then which agents there are.
pub fn kept(data: &Path) -> Result<Kept, AgentError> {
    let trees = data.join("agents");
    let wrong = |source| AgentError::Tree { path: trees.clone(), source };
    let mut kept = Kept::new();
    let entries = match std::fs::read_dir(&trees) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(kept),
        entries => entries.map_err(wrong)?,
    };
    for (count, entry) in entries.enumerate() {
        if count == MAX_AGENTS {
            return Err(wrong(Error::other(format!("it has more than {MAX_AGENTS} entries"))));
        }
        match agentfile::read(&entry.map_err(wrong)?.path().join("etc/Agentfile")) {
            Ok(file) => {
                kept.insert(file.name.to_string(), file.bins.into_iter().map(|bin| bin.name).collect());
            }
            // A tree that was begun for an agent that could not be made, or something else altogether.
            Err(ReadError::Io { source, .. })
                if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(kept)
}
