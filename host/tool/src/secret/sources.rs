//! The sources of secrets, in the order in which they are asked.

use cofferdam_capability::SecretName;

use super::command::SecretCommand;
use super::environment::SecretEnvironment;
use super::error::SourceError;
use super::given::Secrets;
use super::names::Namespace;
use super::store::SecretStore;
use super::value::SecretValue;

/// A secret that a grant names, with the agent that it is for.
#[derive(Debug, Clone)]
pub struct ExpectedSecret {
    /// The agent's name.
    pub agent: String,
    /// The name of the secret.
    pub name: SecretName,
}

/// Sources of secrets. A source that fails ends the search: the next one could have a value that
/// the operator has replaced.
#[derive(Debug, Default)]
pub struct SecretSources {
    /// Secrets of the command line, which hold for every agent.
    pub given: Secrets,
    /// The encrypted store of the data directory: the agent's own secret, then the host's.
    pub store: Option<SecretStore>,
    /// Variables of the host.
    pub environment: SecretEnvironment,
    /// The operator's program.
    pub command: Option<SecretCommand>,
    /// Secrets that are looked for in all output from the beginning, because a tool may find one in
    /// a file that an earlier call wrote.
    pub expected: Vec<ExpectedSecret>,
}

/// A value, and the source it is from.
#[derive(Debug)]
pub struct FoundSecret {
    /// The source with the name, such as `agents/a/token`. Another value from there replaces this
    /// one.
    pub(crate) source: String,
    pub(crate) value: SecretValue,
}

impl SecretSources {
    /// Looks for the secret of an agent in everything but the operator's program.
    ///
    /// # Errors
    ///
    /// If a source fails.
    pub fn find_here(
        &self,
        agent: &str,
        name: &SecretName,
    ) -> Result<Option<FoundSecret>, SourceError> {
        let found = |source: &dyn std::fmt::Display, value: SecretValue| FoundSecret {
            source: format!("{source}/{name}"),
            value,
        };
        if let Some(value) = self.given.get(name) {
            return Ok(Some(found(&"given", value.clone())));
        }
        if let Some(store) = &self.store {
            // A call of no agent has no namespace.
            if let Ok(own) = Namespace::agent(agent)
                && let Some(value) = store.get(&own, name)?
            {
                return Ok(Some(found(&own, value)));
            }
            if let Some(value) = store.get(&Namespace::Host, name)? {
                return Ok(Some(found(&Namespace::Host, value)));
            }
        }
        let value = self.environment.get(name)?;
        Ok(value.map(|value| found(&"environment", value)))
    }

    /// Returns true if a program is asked for what is nowhere else.
    pub fn asks_a_program(&self) -> bool {
        self.command.is_some()
    }

    /// Looks for the secret of an agent.
    pub(super) async fn find(
        &self,
        agent: &str,
        name: &SecretName,
    ) -> Result<Option<FoundSecret>, SourceError> {
        if let Some(found) = self.find_here(agent, name)? {
            return Ok(Some(found));
        }
        let Some(command) = &self.command else {
            return Ok(None);
        };
        let value = command.get(agent, name).await?;
        Ok(value.map(|value| FoundSecret {
            source: format!("command/{agent}/{name}"),
            value,
        }))
    }
}

impl From<Secrets> for SecretSources {
    fn from(given: Secrets) -> Self {
        Self {
            given,
            ..Self::default()
        }
    }
}
