//! `cofferdam start`, `stop`, `restart` and `rm`: operations on agents, one after the other.

use std::path::Path;

use clap::Args;
use cofferdam_server::{AgentEntry, Client, ClientError, StatusEntry};

use crate::cmd::chat::forget_history;
use crate::connect::connect;
use crate::console::{self, Format};
use crate::error::Failure;

#[derive(Debug, Args)]
pub(crate) struct AgentNames {
    /// Names or ids of agents, or beginnings of ids that no other agent has
    #[arg(value_name = "AGENT", required = true)]
    pub(crate) agents: Vec<String>,

    /// Format of the output: json gives one object for each agent
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Removal {
    #[command(flatten)]
    pub(crate) names: AgentNames,

    /// Remove them also while turns run, which end
    #[arg(long, short)]
    pub(crate) force: bool,
}

pub(crate) async fn start(names: &AgentNames, data: &Path) -> Result<(), Failure> {
    let host = connect(data).await?;
    each(names, async |agent| {
        let started = host.start_agent(agent).await?;
        follow(&host, &started).await
    })
    .await
}

pub(crate) async fn stop(names: &AgentNames, data: &Path) -> Result<(), Failure> {
    let host = connect(data).await?;
    each(names, async |agent| Ok(host.stop_agent(agent).await?)).await
}

pub(crate) async fn restart(names: &AgentNames, data: &Path) -> Result<(), Failure> {
    let host = connect(data).await?;
    each(names, async |agent| {
        let started = host.restart_agent(agent).await?;
        follow(&host, &started).await
    })
    .await
}

pub(crate) async fn remove(removal: &Removal, data: &Path) -> Result<(), Failure> {
    let host = connect(data).await?;
    each(&removal.names, async |agent| {
        let removed = host.remove_agent(agent, removal.force).await?;
        let AgentEntry {
            id,
            name,
            agentfile,
            ..
        } = &removed;
        forget_history(data, id);
        if !agentfile.is_empty() {
            console::note(&format!(
                "note: {name} comes back at the next start of the host, and at SIGHUP: `serve \
                 --agentfile {agentfile}` makes it"
            ));
        }
        Ok(removed)
    })
    .await
}

/// Does an operation for each agent and prints its name, or for machines all of it. One that fails
/// keeps no other from it; the last failure says how the command ends.
async fn each(
    names: &AgentNames,
    operation: impl AsyncFn(String) -> Result<AgentEntry, Failure>,
) -> Result<(), Failure> {
    let mut failed: Option<Failure> = None;
    for agent in &names.agents {
        match operation(agent.clone()).await {
            Ok(agent) if names.format == Format::Json => console::json(&agent)?,
            Ok(agent) => console::line(&agent.name),
            Err(failure) => {
                if let Some(before) = failed.replace(failure) {
                    console::report(&before);
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Waits until an agent is ready that is being made so, and returns it.
async fn follow(host: &Client, agent: &AgentEntry) -> Result<AgentEntry, Failure> {
    let name = &agent.name;
    let mut statuses = host.watch_agent(agent.id.clone()).await?;
    let ended = || ClientError::Failed(format!("the host ended before {name} was ready"));
    loop {
        let StatusEntry {
            status,
            failure_reason,
            failure_message,
        } = statuses.next().await?.ok_or_else(ended)?;
        match status.as_str() {
            "pulling" | "starting" => {}
            "ready" | "working" => return Ok(host.agent(Some(&agent.id)).await?),
            "failed" => {
                return Err(Failure::work(format!(
                    "agent {name} failed ({failure_reason}): {failure_message}"
                ))
                .hint(format!("mend it, and run `cofferdam start {name}`")));
            }
            status => return Err(Failure::work(format!("agent {name} is {status}"))),
        }
    }
}
