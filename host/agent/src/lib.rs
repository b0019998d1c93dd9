//! The only crate that keeps agents alive: their trees, their tools, their conversations.
//!
//! [`Agents`] holds the agents of this host: each has a name, a model, a toolbox and a workspace on
//! disk. [`chat()`] is the chat loop. Everything said is in the
//! [`Store`](cofferdam_store::Store) as soon as it exists.

mod agent;
mod agents;
mod backoff;
mod build;
mod chat;
mod component;
mod decisions;
mod documents;
mod error;
mod event;
mod files;
mod grants;
mod homes;
mod logs;
mod on_disk;
mod part;
mod pinned;
mod revision;
mod slot;
mod trees;
mod turns;
mod workspace;

pub use agent::Agent;
pub use agents::{Agents, AgentsConfig};
pub use chat::{Turn, chat};
pub use decisions::{Accepted, Decisions, ToolDecision, Withheld};
pub use error::{AgentError, TurnError};
pub use event::Event;
pub use grants::{BinAccess, grants};
pub use logs::log_file;
pub use on_disk::{AgentsOnDisk, agents_on_disk};
pub use slot::Summary;
