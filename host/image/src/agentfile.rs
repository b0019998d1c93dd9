//! Agentfile: the text an agent is built from.
//!
//! Read in two stages. `lines`, `token` and `instruction` say what was written: keywords, words,
//! strings and heredoc bodies, each with its place. `parse` says what it means. Both stop at the
//! first mistake, with its line and column.
//!
//! This host understands `FROM scratch`, `NAME`, `MODEL`, `CONTEXT`, `BIN` and `LABEL` of
//! `openotters/agentfile:1`; it refuses the other instructions of that syntax by name instead of
//! ignoring them.

mod declared;
mod error;
mod instruction;
mod lines;
mod name;
mod parse;
mod read;
#[cfg(test)]
mod tests;
mod token;

pub use declared::{Agentfile, Bin, Context};
pub use error::{AgentfileError, ReadError};
pub use lines::{FILE_MAX_BYTES, LINE_MAX_BYTES, SYNTAX};
pub use name::{AgentName, NameError};
pub use parse::parse;
pub use read::read;
