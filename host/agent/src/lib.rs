//! The only crate that keeps agent, session and job state.
//!
//! [`Agents`] holds the agents of this host: each has a name, a model, a catalog of tools and a workspace on disk.
//! [`Agent::turn`] is the chat loop. Everything said is in the [`SessionStore`] as soon as it exists.

mod agent;
mod agents;
mod backoff;
mod chat;
mod decisions;
mod documents;
mod error;
mod event;
mod files;
mod grants;
mod kept;
mod pinned;
mod revision;
mod session;
mod slot;
mod trees;
mod workspace;

pub use agent::Agent;
pub use agents::{Agents, AgentsConfig};
pub use chat::Turn;
pub use decisions::{Accepted, Decisions, ToolDecision, Withheld};
pub use error::{AgentError, TurnError};
pub use event::Event;
pub use grants::{BinAccess, grants};
pub use kept::{Kept, kept};
pub use session::{MessageRow, SessionRow, SessionStore, SessionsCursor, StoreError};
pub use slot::Summary;
