//! The agents that a data directory keeps, as their Agentfiles say, whether a host runs them or not.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use cofferdam_image::agentfile::{self, Agentfile, ReadError};

use crate::error::AgentError;

/// Agents of one data directory that are looked at: more than a host of one machine works for.
const MAX_AGENTS: usize = 10_000;

/// The names of agents, each with the names of its BINs.
pub type Kept = BTreeMap<String, Vec<String>>;

/// Looks into the data directory at `data`; nothing is made there. An agent whose Agentfile cannot be read is an error,
/// because nobody can say then which agents there are.
pub fn kept(data: &Path) -> Result<Kept, AgentError> {
    let bins = |file: Agentfile| file.bins.into_iter().map(|bin| bin.name).collect();
    Ok(agentfiles(data)?.into_iter().map(|(_, file)| (file.name.to_string(), bins(file))).collect())
}

/// The tree of an agent, by its name.
pub(crate) fn tree_of(data: &Path, agent: &str) -> Result<PathBuf, AgentError> {
    let all = agentfiles(data)?;
    match all.iter().find(|(_, file)| file.name.to_string() == agent) {
        Some((tree, _)) => Ok(tree.clone()),
        None => {
            let names: Vec<_> = all.iter().map(|(_, file)| file.name.to_string()).collect();
            Err(AgentError::Unknown { asked: agent.to_owned(), known: names.join(", ") })
        }
    }
}

/// Every tree with its Agentfile.
fn agentfiles(data: &Path) -> Result<Vec<(PathBuf, Agentfile)>, AgentError> {
    let trees = data.join("agents");
    let wrong = |source| AgentError::Tree { path: trees.clone(), source };
    let mut kept = Vec::new();
    let entries = match std::fs::read_dir(&trees) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(kept),
        entries => entries.map_err(wrong)?,
    };
    for (count, entry) in entries.enumerate() {
        if count == MAX_AGENTS {
            return Err(wrong(Error::other(format!("it has more than {MAX_AGENTS} entries"))));
        }
        let tree = entry.map_err(wrong)?.path();
        match agentfile::read(&tree.join("etc/Agentfile")) {
            Ok(file) => kept.push((tree, file)),
            // A tree that was begun for an agent that could not be made, or something else altogether.
            Err(ReadError::Io { source, .. })
                if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(kept)
}
