//! The only crate that keeps agents alive: their trees, their tools, their conversations.
//!
//! [`Agents`] holds the agents of this host: each has a name, a model, a toolbox and a workspace on
//! disk. [`chat()`] is the chat loop, and everything said in it is in the
//! [`Store`](cofferdam_store::Store) as soon as it exists. [`prompt_object()`] asks for one answer
//! of a given form, which nothing keeps.

mod added;
mod adopted;
mod agent;
mod agent_yaml;
mod agents;
mod agents_config;
mod approvals;
mod asking;
mod backoff;
mod build;
mod chat;
mod compaction;
mod component;
mod counted;
mod crashes;
mod decisions;
mod deployment;
mod described;
mod documents;
mod error;
mod event;
mod files;
mod follow;
mod grants;
mod homes;
mod injected;
mod journal;
mod keeper;
mod kept;
mod ledger;
mod life;
mod lifecycle;
mod listeners;
mod live;
mod logs;
mod maker;
mod mounts;
mod new_agent;
mod notes;
mod object;
mod on_disk;
mod operation;
mod outputs;
mod own_addresses;
mod pinned;
mod places;
mod policies;
mod prompt;
mod queue;
mod registry;
mod renewal;
mod resolved;
mod resume;
mod reviews;
mod revision;
mod room;
mod sampling;
mod sessions;
mod slot;
mod spans;
mod starter;
mod stop;
mod totals;
mod trees;
mod turn_limits;
mod variables;
mod workspace;

pub use adopted::{AdoptedTree, adopt, crashed};
pub use agent::{Agent, AgentCall};
pub use agent_yaml::{
    AGENT_YAML_MAX_BYTES, AgentYaml, AgentYamlError, ContextYaml, Described, EnvYaml, MountYaml,
    Pinned, RuntimeYaml, ToolYaml,
};
pub use agents::Agents;
pub use agents_config::AgentsConfig;
pub use approvals::{ApprovalDecision, ApprovalRefused, Approvals};
pub use chat::{Turn, TurnKind, chat};
pub use compaction::compact_session;
pub use counted::{turns, turns_and_calls};
pub use decisions::{Accepted, Decisions, ToolDecision, Withheld};
pub use deployment::{Deployment, DeploymentError, Mount};
pub use described::described;
pub use error::{AgentError, TurnError};
pub use event::Event;
pub use follow::{FollowItem, Follower, Snapshot};
pub use grants::{BinAccess, grants};
pub use injected::capabilities;
pub use keeper::Step;
pub use ledger::ledger;
pub use life::Status;
pub use lifecycle::first_generation;
pub use listeners::TurnClient;
pub use live::Numbered;
pub use logs::log_file;
pub use maker::AgentSource;
pub use new_agent::{NewAgent, Usage};
pub use notes::{NoteError, NoteQuota, Notes, SavedNote, preview};
pub use object::{Object, ObjectError, ObjectRequest, prompt_object};
pub use on_disk::{AgentsOnDisk, Holder, agents_on_disk, holders};
pub use own_addresses::own_addresses;
pub use renewal::Renewal;
pub use reviews::{reviews, running};
pub use room::RoomRules;
pub use sessions::{cancel_turns, delete_session, follow_session};
pub use slot::{OwnAddress, RoomSummary, Summary};
pub use starter::OnReady;
pub use stop::{StopReason, TurnEnd, TurnUse};
pub use totals::{ModelOutcome, ProviderCounts, TurnTotals};
