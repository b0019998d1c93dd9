//! Names of models, `provider/name`.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// The longest name, in bytes. Vendors' own are below 100; a name ends up in logs and error
/// messages, so it is bounded.
const MAX_BYTES: usize = 256;

/// The name of a model as it stands in an Agentfile: the provider is the text before the first `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelName {
    provider: String,
    name: String,
}

impl ModelName {
    /// The provider that serves the model, for example `anthropic`.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Returns true for a model that a vendor is asked for, with a key and an address.
    pub(crate) fn is_vendors(&self) -> bool {
        !matches!(self.provider(), "builtin" | "script")
    }

    /// The model in the provider's own words; it may hold further slashes.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for ModelName {
    type Err = Error;

    /// Refuses what no provider can have: an empty part, white space, control characters, more than
    /// 256 bytes.
    fn from_str(value: &str) -> Result<Self, Error> {
        value
            .split_once('/')
            .filter(|(provider, name)| {
                value.len() <= MAX_BYTES && is_provider(provider) && is_name(name)
            })
            .map(|(provider, name)| Self {
                provider: provider.into(),
                name: name.into(),
            })
            .ok_or_else(|| Error::Name {
                value: value.chars().take(MAX_BYTES).collect(),
            })
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.name)
    }
}

/// A provider becomes part of a variable's name, so only what can stand there is allowed.
pub(crate) fn is_provider(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}
