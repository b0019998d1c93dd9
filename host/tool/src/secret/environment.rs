//! Secrets in the environment of the host.

use std::collections::BTreeMap;
use std::fmt;

use cofferdam_capability::SecretName;
use zeroize::Zeroizing;

use super::error::SourceError;
use super::value::SecretValue;

/// The beginning of every variable that holds a secret. A variable of another name is never read,
/// because whoever writes a manifest chooses the names of its secrets.
const PREFIX: &str = "COFFERDAM_SECRET_";

/// Variables of the environment that hold secrets, as they were when the host started.
#[derive(Default)]
pub struct SecretEnvironment {
    variables: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

impl SecretEnvironment {
    /// Keeps those variables whose names begin with `COFFERDAM_SECRET_`.
    pub fn new(variables: impl Iterator<Item = (String, Vec<u8>)>) -> Self {
        let variables = variables
            .filter(|(name, _)| name.starts_with(PREFIX))
            .map(|(name, value)| (name, Zeroizing::new(value)))
            .collect();
        Self { variables }
    }

    /// The value of a secret. An empty variable counts as one that is not there.
    pub(super) fn get(&self, name: &SecretName) -> Result<Option<SecretValue>, SourceError> {
        let variable = Self::variable(name);
        let found = self.variables.get(&variable);
        let Some(value) = found.filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let value = SecretValue::of_text(name, value.clone())
            .map_err(|error| SourceError::new(format!("{variable}: {error}")))?;
        Ok(Some(value))
    }

    /// The variable of a secret: `api-key` is `COFFERDAM_SECRET_API_KEY`.
    pub fn variable(name: &SecretName) -> String {
        let upper = |c: char| match c.to_ascii_uppercase() {
            c if c.is_ascii_alphanumeric() => c,
            _ => '_',
        };
        let name: String = name.as_str().chars().map(upper).collect();
        format!("{PREFIX}{name}")
    }
}

impl fmt::Debug for SecretEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}
