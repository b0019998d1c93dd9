//! Sessions in SQLite: every message as soon as it exists.

mod error;
mod file;
mod part;
mod read;
mod store;

pub use error::StoreError;
pub(crate) use file::Trees;
pub(crate) use part::{Part, ToolState, history, to_json};
pub use read::SessionsCursor;
pub(crate) use store::AgentRow;
pub use store::{MessageRow, SessionRow, SessionStore};
