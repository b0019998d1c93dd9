//! API keys and addresses, given by the server.

use std::collections::BTreeMap;
use std::fmt;

/// API keys and base addresses by variable name (`ANTHROPIC_API_KEY`, `OPENAI_API_BASE`).
///
/// The server builds it from the environment, which this crate never reads. A value is never
/// printed and has no public accessor.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, String>);

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
        Self(kept.collect())
    }

    pub(crate) fn get(&self, variable: &str) -> Option<&str> {
        self.0.get(variable).map(String::as_str)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}
