//! The only crate that names sqlx: everything that outlives the process and is not a file of an
//! agent's tree.
//!
//! A [`Store`] is one SQLite database. It refuses to open a damaged one, and to write to one that
//! was replaced or cut short while it was open. [`Logs`] are files of lines, one for each agent.

mod agents;
mod database;
mod error;
mod file;
mod logs;
mod messages;
mod migrations;
mod state;
mod store;
mod tokens;

pub use agents::{AgentHome, AgentTable, KnownAgent, known_agents};
pub use error::StoreError;
pub use file::Trees;
pub use logs::{AgentLog, LogEvent, Logs};
pub use messages::{Message, MessageTable, Role, Session, SessionsCursor};
pub use state::{Desired, FailureReason, State};
pub use store::Store;
pub use tokens::{SigningKey, StoredToken, TokenProof, TokenTable};
