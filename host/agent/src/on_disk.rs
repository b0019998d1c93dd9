//! The agents that a data directory keeps, as their Agentfiles say, whether a host runs them or
//! not.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use cofferdam_capability::Digest;
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

/// A tool of an agent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The name of the agent.
    pub agent: String,
    /// The name of the BIN.
    pub bin: String,
}

/// The agents of the data directory at `data` that have this component, `size` bytes long, sorted.
/// An agent whose Agentfile cannot be read is passed over.
pub async fn holders(
    data: &Path,
    component: Digest,
    size: usize,
) -> Result<Vec<Holder>, AgentError> {
    let known = known_agents(&data.join("cofferdam.db")).await?;
    let mut found = Vec::new();
    for (tree, file) in trees(data)? {
        let Ok(file) = file else { continue };
        for bin in &file.bins {
            let path = tree.join("usr/bin").join(&bin.name);
            if is_this(&path, component, size) {
                found.push(Holder {
                    agent: name(&known, &tree, &file),
                    bin: bin.name.clone(),
                });
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Returns true if a file holds the component. Most others have another size.
fn is_this(path: &Path, component: Digest, size: usize) -> bool {
    let is_so_long = std::fs::metadata(path).is_ok_and(|file| {
        file.is_file() && usize::try_from(file.len()).is_ok_and(|len| len == size)
    });
    is_so_long && std::fs::read(path).is_ok_and(|bytes| Digest::of(&bytes) == component)
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
