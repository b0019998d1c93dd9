//! The logs of agents: opened, told of tool calls, and found by an agent's name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cap_std::fs::{Dir, DirBuilder, DirBuilderExt};
use cofferdam_call::Outcome;
use cofferdam_store::{AgentHome, AgentLog, LogEvent, Logs};
use cofferdam_tool::Answer;

use crate::error::AgentError;

/// The directory of the logs in the data directory.
const DIRECTORY: &str = "logs";

/// The shortest beginning of an id that names an agent, as in `ps`.
const MIN_PREFIX: usize = 4;

/// Opens the logs of a host in its data directory, which lies at `path`.
pub(crate) fn open(data: &Dir, path: &Path) -> Result<Logs, AgentError> {
    let wrong = |source| AgentError::Tree {
        path: path.join(DIRECTORY),
        source,
    };
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    match data.create_dir_with(DIRECTORY, &builder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(wrong(error));
        }
        _ => {}
    }
    let directory = data.open_dir(DIRECTORY).map_err(wrong)?;
    Logs::open(directory).map_err(wrong)
}

/// Adds the line of a tool call that is over.
pub(crate) fn called(
    log: &AgentLog,
    session: Option<&str>,
    tool: &str,
    answer: &Answer,
    duration: Duration,
) {
    let outcome = answer.outcome();
    let reason = match outcome {
        // The tool does not exist.
        None => answer.content.clone(),
        Some(Outcome::Ok) => String::new(),
        Some(outcome) => outcome.reason().into_owned(),
    };
    log.write(&LogEvent::ToolCall {
        session,
        tool,
        outcome: outcome.map_or("unknown-tool", |outcome| outcome.name().as_str()),
        reason: &reason,
        duration,
        fuel: answer.receipt.as_ref().map_or(0, |receipt| receipt.fuel),
    });
}

/// The path of the log of an agent, by its name, its id or a beginning of it that no other has.
/// `data` is the data directory, whether a host works there or not.
pub async fn log_file(data: &Path, asked: &str) -> Result<PathBuf, AgentError> {
    let known = cofferdam_store::known_agents(&data.join("cofferdam.db")).await?;
    let is_asked = |agent: &&AgentHome| agent.name == asked || agent.id == asked;
    let begins = |agent: &&AgentHome| asked.len() >= MIN_PREFIX && agent.id.starts_with(asked);
    let mut beginning = known.iter().filter(begins);
    let found = known.iter().find(is_asked).or_else(|| {
        let first = beginning.next();
        first.filter(|_| beginning.next().is_none())
    });
    let Some(agent) = found else {
        let names: Vec<_> = known.iter().map(|agent| agent.name.as_str()).collect();
        return Err(AgentError::Unknown {
            asked: asked.to_owned(),
            known: names.join(", "),
        });
    };
    Ok(data.join(DIRECTORY).join(format!("{}.log", agent.id)))
}
