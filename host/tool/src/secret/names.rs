//! Names of stored secrets: for the host, or for one agent.

use std::fmt;
use std::time::SystemTime;

use cofferdam_capability::SecretName;

use super::error::SourceError;

/// The longest name of an agent that has secrets, in bytes.
const MAX_AGENT: usize = 128;

/// The agents that a stored secret is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Namespace {
    /// Every agent whose grant names it.
    #[default]
    Host,
    /// One agent, which has it instead of the host's of the same name.
    Agent(String),
}

/// A secret in the store, without its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredSecret {
    /// The agents it is for.
    pub namespace: Namespace,
    /// Its name.
    pub name: SecretName,
    /// The time at which it was set.
    pub set: SystemTime,
}

impl Namespace {
    /// The namespace of one agent.
    ///
    /// # Errors
    ///
    /// If no agent has such a name. It becomes the name of a directory.
    pub fn agent(name: &str) -> Result<Self, SourceError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if name.is_empty()
            || name.len() > MAX_AGENT
            || name.starts_with('.')
            || !name.bytes().all(is_plain)
        {
            return Err(SourceError::new(format!(
                "{name:?} is not the name of an agent that can have secrets: expected 1 to \
                 {MAX_AGENT} of A-Z a-z 0-9 . _ -, the first no dot"
            )));
        }
        Ok(Self::Agent(name.to_owned()))
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Agent(name) => write!(f, "agents/{name}"),
        }
    }
}
