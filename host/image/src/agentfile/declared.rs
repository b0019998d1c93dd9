//! Declarations of an author.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bytes::Bytes;

use super::bin_request::BinRequest;
use super::name::AgentName;
use crate::reference::Reference;
use crate::tool_source::ToolSource;

/// A parsed Agentfile: what its author declared, in the order it was declared, after what the image
/// declares that it builds on.
#[derive(Clone, Debug, PartialEq)]
pub struct Agentfile {
    /// `FROM`: the image that it builds on; none for `scratch`. Everything of that image is in the
    /// other fields already.
    pub from: Option<Reference>,
    /// `NAME`. An image on which others build may leave it to them.
    pub name: Option<AgentName>,
    /// `RUNTIME`: the image of the loop that its author wrote it for. Here the host's own loop runs
    /// every agent.
    pub runtime: Option<Reference>,
    /// `MODEL`, written `provider/name`; the provider ends at the first `/`. An image on which
    /// others build may leave it to them.
    pub model: Option<String>,
    /// Every `CONTEXT`. One of a name that was declared before takes its place.
    pub contexts: Vec<Context>,
    /// Every `CONFIG`; of one key the last.
    pub configs: Vec<Config>,
    /// Every `BIN`.
    pub bins: Vec<Bin>,
    /// Every `ADD`.
    pub adds: Vec<Add>,
    /// Requests of `CONFIG` for its BINs, by name: keys that begin with `limit.` and `grant.`.
    pub requests: BTreeMap<String, BinRequest>,
    /// `EXEC`: arguments of the runtime.
    pub exec: Vec<String>,
    /// Every `LABEL`. A key given again replaces the earlier value, as in the syntax this follows.
    pub labels: BTreeMap<String, String>,
    /// Every `ARG`; one without a default has no value.
    pub args: BTreeMap<String, Option<String>>,
    /// Every `ENV`; of one name the last.
    pub envs: Vec<Env>,
    /// Every `CAPABILITY`.
    pub capabilities: BTreeSet<String>,
}

/// One piece of the agent's prompt. It becomes `etc/context/<name>.md` in the agent's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// A file name without its extension; unlike any other context's, also where case is ignored.
    pub name: String,
    /// Its purpose, for a person.
    pub description: Option<String>,
    /// Markdown, verbatim but for trailing newlines. Empty until [`Agentfile::fill`] where a file
    /// has it.
    pub content: String,
    /// The file with its text, beside the Agentfile or below.
    pub file: Option<PathBuf>,
}

/// A file that tools can read. It becomes `etc/data/<name>` in the agent's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Add {
    /// A file name; unlike any other's, also where case is ignored.
    pub name: String,
    /// The file, beside the Agentfile or below. In an image it only says where the file came from.
    pub source: PathBuf,
    /// Its purpose, for the model.
    pub description: Option<String>,
    /// The bytes of the file. Empty until [`Agentfile::fill_data`].
    pub content: Bytes,
}

/// One setting of the agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Its key.
    pub key: String,
    /// Its value; none where only the key stands.
    pub value: Option<ConfigValue>,
    /// Its purpose, for a person.
    pub description: Option<String>,
    /// True if who runs the agent must give a value.
    pub required: bool,
}

/// The value of a setting. A value in double quotes is a text; others are what they look like.
#[derive(Clone, Debug, PartialEq)]
pub enum ConfigValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a point or an exponent.
    Float(f64),
    /// Anything else.
    Text(String),
}

/// One environment variable, which tools see whose manifest declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Env {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Its purpose, for the model. The value is in no document.
    pub description: Option<String>,
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

impl Agentfile {
    /// The name; empty where there is none.
    pub fn name(&self) -> &str {
        self.name.as_ref().map_or("", AgentName::as_str)
    }

    /// The model; empty where there is none.
    pub fn model(&self) -> &str {
        self.model.as_deref().unwrap_or_default()
    }

    /// Reads the contexts whose text is in a file. `read` gets the context.
    ///
    /// # Errors
    ///
    /// The first error of `read`.
    pub fn fill<E>(&mut self, read: impl Fn(&Context) -> Result<String, E>) -> Result<(), E> {
        for context in &mut self.contexts {
            if context.file.is_some() {
                context.content = read(context)?;
            }
        }
        Ok(())
    }

    /// Reads the files of `ADD`. `read` gets the declaration.
    ///
    /// # Errors
    ///
    /// The first error of `read`.
    pub fn fill_data<E>(&mut self, read: impl Fn(&Add) -> Result<Bytes, E>) -> Result<(), E> {
        for add in &mut self.adds {
            add.content = read(add)?;
        }
        Ok(())
    }
}

impl ConfigValue {
    /// The value that is meant by a text outside an Agentfile: in double quotes it is a text, else
    /// what it looks like.
    pub fn written(text: &str) -> Self {
        match text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            Some(quoted) => Self::Text(quoted.to_owned()),
            None => Self::of_word(text),
        }
    }

    /// The value that a word without quotes means.
    pub(super) fn of_word(word: &str) -> Self {
        match word {
            "true" => return Self::Bool(true),
            "false" => return Self::Bool(false),
            _ => {}
        }
        if let Ok(integer) = word.parse() {
            return Self::Integer(integer);
        }
        // `inf` and `nan` are words here.
        let looks_like_a_number = word
            .trim_start_matches(['+', '-'])
            .starts_with(|c: char| c.is_ascii_digit() || c == '.');
        match word.parse::<f64>() {
            Ok(float) if looks_like_a_number && float.is_finite() => Self::Float(float),
            _ => Self::Text(word.to_owned()),
        }
    }
}

impl std::fmt::Display for ConfigValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}
