//! The only crate that keeps agent, session and job state.
//!
//! [`Agents`] holds the agents of this host: each has a name, a model, a catalog of tools and a workspace on disk.
//! [`Agent::turn`] is the chat loop. Everything said is in the [`SessionStore`] as soon as it exists.

mod agent;
mod agents;
mod chat;
mod documents;
mod error;
mod event;
mod kept;
mod revision;
mod session;
mod slot;
mod trees;
mod workspace;

pub use agent::Agent;
pub use agents::{Agents, AgentsConfig, Decisions};
pub use chat::Turn;
pub use error::{AgentError, TurnError};
pub use event::Event;
pub use kept::{Kept, kept};
pub use session::{MessageRow, SessionRow, SessionStore, SessionsCursor, StoreError};
pub use slot::Summary;
