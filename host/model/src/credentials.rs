//! API keys and addresses: of `providers.yaml` first, then of the environment.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::providers::{Providers, ProvidersFile};

/// API keys and base addresses of providers.
///
/// The binary builds it from the environment and the operator's file, which this crate never looks
/// for. A key is never printed and has no public accessor.
#[derive(Clone, Default)]
pub struct Credentials {
    /// By variable name (`ANTHROPIC_API_KEY`, `OPENAI_API_BASE`).
    variables: Arc<BTreeMap<String, String>>,
    file: Option<Arc<ProvidersFile>>,
}

/// One value and its place, for messages.
pub(crate) struct Found {
    pub(crate) value: Option<String>,
    pub(crate) place: String,
    /// The variable that the operator's file names there and that is not set.
    unset: Option<String>,
}

impl Found {
    /// The thing to set where there is no value, after the word `set`.
    pub(crate) fn to_set(&self) -> String {
        let place = &self.place;
        match &self.unset {
            Some(name) => format!("{name} in the environment of the host ({place} names it)"),
            None => place.clone(),
        }
    }
}

impl Credentials {
    /// Keeps the variables that end in `_API_KEY` or `_API_BASE` and forgets the others, so that a
    /// whole environment can be passed. White space around a value is dropped (a key read from a
    /// file ends in a newline), and an empty value counts as none.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let kept = variables
            .into_iter()
            .filter(|(name, _)| name.ends_with("_API_KEY") || name.ends_with("_API_BASE"))
            .map(|(name, value)| (name, value.trim().to_owned()))
            .filter(|(_, value)| !value.is_empty());
        Self {
            variables: Arc::new(kept.collect()),
            file: None,
        }
    }

    /// Adds the operator's file, whose providers go before the variables.
    pub fn with_file(self, file: ProvidersFile) -> Self {
        Self {
            file: Some(Arc::new(file)),
            ..self
        }
    }

    /// Reads the operator's file if it has changed.
    ///
    /// # Errors
    ///
    /// [`Error::Providers`] once for each change that is wrong; what held before holds on.
    pub fn refresh(&self) -> Result<(), Error> {
        self.file.as_ref().map_or(Ok(()), |file| file.refresh())
    }

    /// Reads the operator's file, also if it has not changed.
    ///
    /// # Errors
    ///
    /// [`Error::Providers`] if it is wrong; what held before holds on.
    pub fn read_again(&self) -> Result<(), Error> {
        let file = self.file.as_ref();
        file.map_or(Ok(()), |file| file.read_again())
    }

    /// The providers of the operator's file as they hold now.
    pub fn providers(&self) -> Arc<Providers> {
        let file = self.file.as_ref();
        file.map(|file| file.current().0).unwrap_or_default()
    }

    /// Grows each time that the operator's file has changed.
    pub(crate) fn version(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.current().1)
    }

    /// The path of the operator's file, if there may be one.
    pub(crate) fn path(&self) -> Option<&str> {
        self.file.as_ref().map(|file| file.path())
    }

    /// The names of the variables that hold something.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The key of a provider.
    pub(crate) fn key(&self, provider: &str, variable: &str) -> Found {
        let providers = self.providers();
        let Some(entry) = providers.find(provider) else {
            return self.variable(variable);
        };
        let place = format!(
            "`api-key` of {provider} in {}:{}",
            providers.path(),
            entry.line()
        );
        let found = Found {
            value: entry.key().map(str::to_owned),
            place,
            unset: entry.unset().first().cloned(),
        };
        self.or_variable(found, variable)
    }

    /// The address of a provider.
    pub(crate) fn base(&self, provider: &str, variable: &str) -> Found {
        let providers = self.providers();
        let Some(entry) = providers.find(provider) else {
            return self.variable(variable);
        };
        let place = format!(
            "`api-base` of {provider} in {}:{}",
            providers.path(),
            entry.line()
        );
        let found = Found {
            value: entry.base().map(str::to_owned),
            place,
            unset: None,
        };
        self.or_variable(found, variable)
    }

    /// The value of the file, else that of the variable.
    fn or_variable(&self, found: Found, variable: &str) -> Found {
        if found.value.is_none() && self.variables.contains_key(variable) {
            return self.variable(variable);
        }
        found
    }

    fn variable(&self, variable: &str) -> Found {
        Found {
            value: self.variables.get(variable).cloned(),
            place: variable.to_owned(),
            unset: None,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")?;
        f.debug_set().entries(self.variables.keys()).finish()
    }
}
