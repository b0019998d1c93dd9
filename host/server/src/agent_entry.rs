//! Agents as a client reads them.

use std::collections::BTreeMap;

use cofferdam_proto::host::create_agent_response::Event;
use cofferdam_proto::host::{
    Agent, CreateAgentResponse, CreateStep, Deployment, GetAgentStatsResponse, Mount, Room,
    ToolStats, WatchAgentResponse,
};
use serde::Serialize;
use tonic::Streaming;

use crate::client_error::ClientError;

/// Characters of a status in a table: with the other columns it fits a usual terminal.
const SHORT_STATUS: usize = 48;

/// The agents of a host.
#[derive(Debug)]
pub struct AgentList {
    /// All of them, by name.
    pub agents: Vec<AgentEntry>,
    /// Turns and calls that a host waits for which is ending.
    pub ending: Option<u32>,
}

/// One agent.
#[derive(Debug, Serialize)]
pub struct AgentEntry {
    /// The id, a UUID.
    pub id: String,
    /// The name.
    pub name: String,
    /// The model; empty for an agent that does not run.
    pub model: String,
    /// `pulling`, `starting`, `ready`, `working`, `stopped`, `failed`, `removing` or `removed`.
    pub status: String,
    /// `pull`, `init`, `config`, `model`, `readiness_timeout` or `crashed`; empty unless it has
    /// failed.
    pub failure_reason: String,
    /// The reason of a failure in words; empty unless it has failed.
    pub failure_message: String,
    /// The operator's wish: `running` or `stopped`.
    pub desired: String,
    /// The names of its tools.
    pub tools: Vec<String>,
    /// The reference of its image; empty for an agent that was made from a file.
    pub image: String,
    /// The digest of its image; empty for an agent that was made from a file.
    pub image_digest: String,
    /// The operator's choices beyond its image.
    pub deployment: DeploymentEntry,
    /// Its own address, where older clients dial it without a token; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// The reason why the host does not listen there; empty if it does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address_problem: String,
    /// The room of its files; none for an agent that does not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomEntry>,
    /// The Agentfile of which every start of the host makes it; empty for another one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agentfile: String,
    /// Unix seconds.
    pub created_at: i64,
}

/// The room that the files of an agent take on disk, over all calls.
#[derive(Debug, Serialize)]
pub struct RoomEntry {
    /// Bytes of all files.
    pub bytes: u64,
    /// Files, directories and links.
    pub entries: u64,
    /// The most bytes.
    pub max_bytes: u64,
    /// The most entries.
    pub max_entries: u64,
}

/// The operator's choices for an agent.
#[derive(Debug, Default, Serialize)]
pub struct DeploymentEntry {
    /// The model, in place of the image's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// The names of variables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub envs: Vec<String>,
    /// Settings.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub configs: BTreeMap<String, String>,
    /// Directories of the host's machine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<MountEntry>,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// A directory of the host's machine that tools of an agent see.
#[derive(Debug, Serialize)]
pub struct MountEntry {
    /// The path on the host's machine.
    pub host: String,
    /// The path that tools see.
    pub target: String,
    /// The words that a model reads about it.
    pub description: String,
    /// True if no tool may change anything in it.
    pub read_only: bool,
}

/// The status of an agent.
#[derive(Debug, Serialize)]
pub struct StatusEntry {
    /// As in [`AgentEntry`].
    pub status: String,
    /// As in [`AgentEntry`].
    pub failure_reason: String,
    /// As in [`AgentEntry`].
    pub failure_message: String,
}

/// The work of an agent since it was started.
#[derive(Debug, Serialize)]
pub struct StatsEntry {
    /// The name of the agent.
    pub agent: String,
    /// Turns under way.
    pub turns: u32,
    /// Tools that were called, by name.
    pub tools: Vec<ToolStatsEntry>,
}

/// Sums over the calls of one tool.
#[derive(Debug, Serialize)]
pub struct ToolStatsEntry {
    /// The tool.
    pub tool: String,
    /// Calls, refused ones included.
    pub calls: u64,
    /// Calls that did not end well.
    pub failed: u64,
    /// Fuel.
    pub fuel: u64,
    /// The most linear memory of one call, in bytes.
    pub peak_memory: u64,
    /// Wall-clock time, in microseconds.
    pub wall_us: u64,
    /// CPU time, in microseconds.
    pub cpu_us: u64,
    /// Calls that were refused, and things that were refused to calls on the way.
    pub refusals: u64,
}

/// An event of a creation.
#[derive(Debug)]
pub enum CreationEvent {
    /// The work that is done now.
    Step {
        /// The name of the agent.
        agent: String,
        /// The status of the agent.
        status: String,
        /// The work, in words.
        message: String,
    },
    /// The agent, which is ready.
    Created(Box<AgentEntry>),
}

/// The events of a creation, as they happen.
#[derive(Debug)]
pub struct Creation(pub(crate) Streaming<CreateAgentResponse>);

/// The status of an agent, as it changes.
#[derive(Debug)]
pub struct Statuses(pub(crate) Streaming<WatchAgentResponse>);

impl Creation {
    /// Waits for the next event; there is none after the agent.
    pub async fn next(&mut self) -> Result<Option<CreationEvent>, ClientError> {
        let event = self.0.message().await?.and_then(|message| message.event);
        Ok(event.map(|event| match event {
            Event::Step(CreateStep {
                status,
                message,
                agent,
            }) => CreationEvent::Step {
                agent,
                status,
                message,
            },
            Event::Agent(agent) => CreationEvent::Created(Box::new(agent.into())),
        }))
    }
}

impl Statuses {
    /// Waits for the next status; there is none after `removed`.
    pub async fn next(&mut self) -> Result<Option<StatusEntry>, ClientError> {
        let status = self.0.message().await?;
        Ok(status.map(|status| StatusEntry {
            status: status.status,
            failure_reason: status.failure_reason,
            failure_message: status.failure_message,
        }))
    }
}

impl AgentEntry {
    /// The status in a few words, with the beginning of the sentence about a failure.
    pub fn short_status_line(&self) -> String {
        let line = self.status_line();
        match line.char_indices().nth(SHORT_STATUS) {
            None => line,
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        }
    }

    /// The status in words, with the reason of a failure.
    pub fn status_line(&self) -> String {
        let Self {
            status,
            failure_reason,
            failure_message,
            ..
        } = self;
        if failure_reason.is_empty() {
            status.clone()
        } else {
            format!("{status} ({failure_reason}): {failure_message}")
        }
    }
}

impl StatsEntry {
    pub(crate) fn new(agent: String, stats: GetAgentStatsResponse) -> Self {
        let GetAgentStatsResponse { tools, turns } = stats;
        Self {
            agent,
            turns,
            tools: tools.into_iter().map(ToolStatsEntry::from).collect(),
        }
    }
}

impl From<Agent> for AgentEntry {
    fn from(agent: Agent) -> Self {
        Self {
            id: agent.id,
            name: agent.name,
            model: agent.model,
            status: agent.status,
            failure_reason: agent.failure_reason,
            failure_message: agent.failure_message,
            desired: agent.desired,
            tools: agent.tools,
            image: agent.image,
            image_digest: agent.image_digest,
            deployment: agent.deployment.map(Into::into).unwrap_or_default(),
            address: agent.address,
            address_problem: agent.address_problem,
            room: agent.room.map(Into::into),
            agentfile: agent.agentfile,
            created_at: agent.created_at,
        }
    }
}

impl From<Room> for RoomEntry {
    fn from(room: Room) -> Self {
        let Room {
            bytes,
            entries,
            max_bytes,
            max_entries,
        } = room;
        Self {
            bytes,
            entries,
            max_bytes,
            max_entries,
        }
    }
}

impl From<Deployment> for DeploymentEntry {
    fn from(deployment: Deployment) -> Self {
        let Deployment {
            model,
            envs,
            configs,
            mounts,
            labels,
            // The agent says where it is.
            addr: _,
        } = deployment;
        let mount = |mount: Mount| MountEntry {
            host: mount.host,
            target: mount.target,
            description: mount.description,
            read_only: mount.read_only,
        };
        Self {
            model,
            envs: sorted(envs.into_keys()),
            configs: configs.into_iter().collect(),
            mounts: mounts.into_iter().map(mount).collect(),
            labels: labels.into_iter().collect(),
        }
    }
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

impl From<ToolStats> for ToolStatsEntry {
    fn from(stats: ToolStats) -> Self {
        let ToolStats {
            tool,
            calls,
            failed,
            fuel,
            peak_memory,
            wall_us,
            cpu_us,
            refusals,
        } = stats;
        Self {
            tool,
            calls,
            failed,
            fuel,
            peak_memory,
            wall_us,
            cpu_us,
            refusals,
        }
    }
}
