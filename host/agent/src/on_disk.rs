//! The agents that a data directory keeps, as their Agentfiles say, whether a host runs them or
//! not.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use cofferdam_image::agentfile::{Agentfile, ReadError};
use cofferdam_store::{AgentHome, known_agents};

use crate::error::AgentError;
use crate::kept;

/// Agents of one data directory that are looked at: more than a host of one machine works for.
const MAX_AGENTS: usize = 10_000;

/// The names of agents, each with the names of its BINs.
pub type AgentsOnDisk = BTreeMap<String, Vec<String>>;

/// A tree with its Agentfile, or with the reason why that cannot be read.
type Tree = (PathBuf, Result<Agentfile, ReadError>);

/// Looks into the data directory at `data`; nothing is made there. An agent whose Agentfile cannot
/// be read is an error, because nobody can say then which agents there are.
pub async fn agents_on_disk(data: &Path) -> Result<AgentsOnDisk, AgentError> {
    let known = known_agents(&data.join("cofferdam.db")).await?;
    let bins = |file: &Agentfile| file.bins.iter().map(|bin| bin.name.clone()).collect();
    let names = |(tree, file): Tree| file.map(|file| (name(&known, &tree, &file), bins(&file)));
    Ok(trees(data)?
        .into_iter()
        .map(names)
        .collect::<Result<_, _>>()?)
}

/// The tree of an agent and its Agentfile, by its name. `known` are the agents of the database.
/// Other agents may be damaged.
pub(crate) fn tree_of(
    data: &Path,
    known: &[AgentHome],
    agent: &str,
) -> Result<(PathBuf, Agentfile), AgentError> {
    let mut names = Vec::new();
    let mut unread = None;
    for (tree, file) in trees(data)? {
        match file {
            Ok(file) => {
                let name = name(known, &tree, &file);
                if name == agent {
                    return Ok((tree, renamed(file, &name)));
                }
                names.push(name);
            }
            Err(error) => unread = unread.or(Some(error)),
        }
    }
    match unread {
        // It may be that one.
        Some(error) => Err(error.into()),
        None => Err(AgentError::Unknown {
            asked: agent.to_owned(),
            known: names.join(", "),
        }),
    }
}

/// The name of the agent in a tree: the operator's, if the database knows it.
fn name(known: &[AgentHome], tree: &Path, file: &Agentfile) -> String {
    let id = tree.file_name().and_then(|id| id.to_str());
    let known = known.iter().find(|agent| Some(agent.id.as_str()) == id);
    known.map_or_else(|| file.name().to_owned(), |agent| agent.name.clone())
}

/// The Agentfile with the operator's name for its agent.
fn renamed(file: Agentfile, name: &str) -> Agentfile {
    match name.parse() {
        Ok(name) => Agentfile {
            name: Some(name),
            ..file
        },
        Err(_) => file,
    }
}

/// Every tree.
fn trees(data: &Path) -> Result<Vec<Tree>, AgentError> {
    let trees = data.join("agents");
    let wrong = |source| AgentError::Tree {
        path: trees.clone(),
        source,
    };
    let mut kept = Vec::new();
    let entries = match std::fs::read_dir(&trees) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(kept),
        entries => entries.map_err(wrong)?,
    };
    for (count, entry) in entries.enumerate() {
        if count == MAX_AGENTS {
            return Err(wrong(Error::other(format!(
                "it has more than {MAX_AGENTS} entries"
            ))));
        }
        let tree = entry.map_err(wrong)?.path();
        match kept::agentfile(&tree) {
            // A tree that was begun for an agent that could not be made, or something else
            // altogether.
            Err(ReadError::Io { source, .. })
                if matches!(
                    source.kind(),
                    ErrorKind::NotFound | ErrorKind::NotADirectory
                ) => {}
            file => kept.push((tree, file)),
        }
    }
    Ok(kept)
}
