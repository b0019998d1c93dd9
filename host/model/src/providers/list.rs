//! Providers as they hold: checked, bounded, and with the values of their variables.

use super::expand::{Expanded, expand};
use super::written::{self, WrittenProvider};
use crate::address::checked;
use crate::error::Error;
use crate::name::is_provider;

/// Providers in one file. The vendors that there are make a tenth of it.
const MAX_PROVIDERS: usize = 256;

/// Models that one provider may be limited to. Gateways have several hundred.
const MAX_MODELS: usize = 1_024;

/// The longest name of a provider or a model, in bytes, as in an Agentfile.
const MAX_NAME: usize = 256;

/// The longest key, in bytes, with its variables replaced (16 KiB): access tokens with many claims
/// have a few thousand, and no server takes longer headers.
const MAX_KEY: usize = 16 << 10;

/// The longest address, in bytes, with its variables replaced.
const MAX_BASE: usize = 2_048;

/// The providers of a host.
#[derive(Debug, Default)]
pub struct Providers {
    path: String,
    entries: Vec<Entry>,
}

/// One provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    name: String,
    line: u64,
    key: Option<String>,
    base: Option<String>,
    models: Vec<String>,
    /// Variables that its key names and that are not set.
    unset: Vec<String>,
}

impl Providers {
    /// Reads the text of a file. `path` is its path, for messages; `variable` finds a variable of
    /// the environment.
    ///
    /// # Errors
    ///
    /// [`Error::Providers`] with the line and the mistake, and never a value.
    pub fn parse(
        text: &str,
        path: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let written = written::read(text, path)?.providers.unwrap_or_default();
        let mut providers = Self::none(path);
        for row in written {
            let line = row.referenced.line();
            let refused = |problem: String| Error::Providers {
                place: format!("{path}:{line}"),
                problem,
            };
            if providers.entries.len() == MAX_PROVIDERS {
                return Err(refused(format!(
                    "expected at most {MAX_PROVIDERS} providers"
                )));
            }
            let entry = Entry::of(row.value, line, variable).map_err(refused)?;
            if providers.find(&entry.name).is_some() {
                let name = &entry.name;
                return Err(refused(format!(
                    "provider {name:?} appears twice: keep one"
                )));
            }
            providers.entries.push(entry);
        }
        Ok(providers)
    }

    /// A file without a provider.
    pub(super) fn none(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            entries: Vec::new(),
        }
    }

    /// The path of the file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Every provider, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

impl Entry {
    fn of(
        written: WrittenProvider,
        line: u64,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let WrittenProvider {
            name,
            api_key,
            api_base,
            models,
        } = written;
        if !is_provider(&name) || name.len() > MAX_NAME {
            return Err(format!(
                "{:?} is not the name of a provider: expected letters, digits, `-` and `_`, at \
                 most {MAX_NAME}",
                name.chars().take(MAX_NAME).collect::<String>()
            ));
        }
        if ["builtin", "script"].contains(&name.as_str()) {
            return Err(format!(
                "provider {name:?} is the host's own and takes no key: remove it"
            ));
        }
        let models = models.unwrap_or_default();
        if models.len() > MAX_MODELS {
            return Err(format!("`models` has more than {MAX_MODELS} entries"));
        }
        if let Some(model) = models
            .iter()
            .find(|model| model.trim().is_empty() || model.len() > MAX_NAME)
        {
            return Err(format!(
                "`models` holds {:?}: expected the name of a model, at most {MAX_NAME} bytes",
                model.chars().take(MAX_NAME).collect::<String>()
            ));
        }
        let Value {
            value: key,
            mut unset,
        } = Value::of(api_key, "api-key", MAX_KEY, variable)?;
        let Value {
            value: base,
            unset: of_base,
        } = Value::of(api_base, "api-base", MAX_BASE, variable)?;
        unset.extend(of_base);
        if let Some(problem) = base.as_deref().and_then(|base| checked(base).err()) {
            return Err(format!("`api-base` is not a usable address: {problem}"));
        }
        Ok(Self {
            name,
            line,
            key,
            base,
            models,
            unset,
        })
    }

    /// The name, which is the part of a model's name before the slash.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line that it begins in.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns true if it has a key.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The address, unless it is the provider's usual one. It holds neither a user nor a password.
    pub fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }

    /// The models that agents may use; empty for all of them.
    pub fn models(&self) -> &[String] {
        &self.models
    }

    /// Variables that it names and that are not set.
    pub fn unset(&self) -> &[String] {
        &self.unset
    }

    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.name)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// A value of the file with its variables replaced.
struct Value {
    /// None where nothing is left of it.
    value: Option<String>,
    unset: Vec<String>,
}

impl Value {
    fn of(
        written: Option<String>,
        name: &str,
        most: usize,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let Expanded { value, unset } = expand(&written.unwrap_or_default(), variable);
        // White space around a value comes from a file or a shell that the variable was read from.
        let value = value.trim();
        if value.len() > most {
            return Err(format!("`{name}` has more than {most} bytes"));
        }
        if value.chars().any(char::is_control) {
            return Err(format!(
                "`{name}` holds a line break or another control character: expected one line"
            ));
        }
        Ok(Self {
            value: Some(value.to_owned()).filter(|value| !value.is_empty()),
            unset,
        })
    }
}
