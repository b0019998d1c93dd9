//! Sessions in SQLite: every message as soon as it exists.

mod part;
mod store;

pub(crate) use part::{Part, ToolState, history, to_json};
pub(crate) use store::AgentRow;
pub use store::{MessageRow, SessionRow, SessionStore};
