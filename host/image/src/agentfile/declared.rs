//! Declarations of an author.

use std::collections::BTreeMap;

use super::name::AgentName;
use crate::tool_source::ToolSource;

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
