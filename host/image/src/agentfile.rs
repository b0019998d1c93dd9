//! Agentfile: the text an agent is built from.
//!
//! Read in two stages. `lines`, `token` and `instruction` say what was written: keywords, words,
//! strings and heredoc bodies, each with its place. `parse` says what it means. Both stop at the
//! first mistake, with its line and column.
//!
//! This host understands `FROM scratch`, `NAME`, `MODEL`, `CONTEXT`, `BIN` and `LABEL` of
//! `openotters/agentfile:1`; it refuses the other instructions of that syntax by name instead of
//! ignoring them.

mod error;
mod instruction;
mod lines;
mod name;
mod parse;
mod read;
#[cfg(test)]
mod tests;
mod token;

use std::collections::BTreeMap;

use crate::tool_source::ToolSource;

pub use error::{AgentfileError, ReadError};
pub use name::{AgentName, NameError};
pub use parse::parse;
pub use read::read;

/// The syntax that the first line of a file may declare: the one this crate reads.
pub const SYNTAX: &str = "openotters/agentfile:1";

/// The longest Agentfile in bytes. An agent's whole prompt goes in there, and no model reads a
/// megabyte of it.
pub const FILE_MAX_BYTES: u64 = 1 << 20;

/// The longest line in bytes. Other Agentfile parsers read with a 64 KiB line buffer, so a longer
/// line would build here and nowhere else.
pub const LINE_MAX_BYTES: usize = 64 << 10;

/// A parsed Agentfile: what the author declared, in the order it was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agentfile {
    /// `NAME`.
    pub name: AgentName,
    /// `MODEL`, written `provider/name`; the provider ends at the first `/`.
    pub model: String,
    /// Every `CONTEXT`.
    pub contexts: Vec<Context>,
    /// Every `BIN`.
    pub bins: Vec<Bin>,
    /// Every `LABEL`. A key given again replaces the earlier value, as in the syntax this follows.
    pub labels: BTreeMap<String, String>,
}

/// One piece of the agent's prompt. It becomes `etc/context/<name>.md` in the agent's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// A file name without its extension; unlike any other context's, also where case is ignored.
    pub name: String,
    /// Its purpose, for a person.
    pub description: Option<String>,
    /// Markdown, verbatim but for trailing newlines.
    pub content: String,
}

/// One tool the agent may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bin {
    /// The name by which the model calls the tool.
    pub name: String,
    /// The place that the tool comes from. A relative path is relative to the Agentfile.
    pub source: ToolSource,
    /// Its purpose, for the model.
    pub description: Option<String>,
    /// Instructions for calling it, for the model: a heredoc.
    pub usage: Option<String>,
}
