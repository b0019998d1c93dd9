//! The only crate that keeps agents alive: their trees, their tools, their conversations.
//!
//! [`Agents`] holds the agents of this host: each has a name, a model, a toolbox and a workspace on
//! disk. [`chat()`] is the chat loop. Everything said is in the
//! [`Store`](cofferdam_store::Store) as soon as it exists.

mod added;
mod agent;
mod agent_yaml;
mod agents;
mod backoff;
mod build;
mod chat;
mod compaction;
mod component;
mod crashes;
mod decisions;
mod deployment;
mod documents;
mod error;
mod event;
mod files;
mod follow;
mod grants;
mod homes;
mod journal;
mod keeper;
mod kept;
mod life;
mod lifecycle;
mod listeners;
mod live;
mod logs;
mod maker;
mod mounts;
mod new_agent;
mod on_disk;
mod outputs;
mod pinned;
mod queue;
mod registry;
mod renewal;
mod resolved;
mod revision;
mod room;
mod sessions;
mod slot;
mod starter;
mod stop;
mod trees;
mod turn_limits;
mod variables;
mod workspace;

pub use agent::Agent;
pub use agent_yaml::{
    AGENT_YAML_MAX_BYTES, AgentYaml, AgentYamlError, ContextYaml, Described, EnvYaml, MountYaml,
    Pinned, RuntimeYaml, ToolYaml,
};
pub use agents::{Agents, AgentsConfig};
pub use chat::{Turn, TurnKind, chat};
pub use decisions::{Accepted, Decisions, ToolDecision, Withheld};
pub use deployment::{Deployment, DeploymentError, Mount};
pub use error::{AgentError, TurnError};
pub use event::Event;
pub use follow::{FollowItem, Follower, Snapshot};
pub use grants::{BinAccess, grants};
pub use keeper::Step;
pub use life::Status;
pub use lifecycle::first_generation;
pub use listeners::TurnClient;
pub use live::Numbered;
pub use logs::log_file;
pub use maker::AgentSource;
pub use new_agent::{NewAgent, Usage};
pub use on_disk::{AgentsOnDisk, agents_on_disk};
pub use renewal::Renewal;
pub use room::RoomRules;
pub use sessions::{cancel_turns, delete_session, follow_session};
pub use slot::{RoomSummary, Summary};
pub use starter::OnReady;
pub use stop::{StopReason, TurnEnd, TurnUse};
