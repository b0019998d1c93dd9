//! The values of secrets: here, in the header they are injected into, and nowhere else.

use std::collections::BTreeMap;
use std::fmt;

use cofferdam_capability::{Grant, SecretName};
use cofferdam_sandbox::Injection;
use zeroize::Zeroizing;

/// The shortest secret, in bytes. A shorter one is found by chance in harmless output, and can be
/// guessed.
const MIN_SECRET: usize = 8;

/// The longest secret, in bytes (64 KiB): more than any server takes in a header.
const MAX_SECRET: usize = 64 << 10;

/// Secrets by name. Their memory is overwritten when they go, and nothing prints them.
#[derive(Default)]
pub struct Secrets {
    values: BTreeMap<SecretName, Zeroizing<Vec<u8>>>,
}

/// A value that cannot be a secret. The message does not hold it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Too short or too long.
    #[error("the value of {name} has {size} bytes: expected {MIN_SECRET} to {MAX_SECRET}")]
    Size {
        /// The secret.
        name: SecretName,
        /// Its size in bytes.
        size: usize,
    },
    /// HTTP has no way to send it.
    #[error(
        "the value of {0} holds a line break or another control character, which no header can \
         carry"
    )]
    Control(SecretName),
}

impl Secrets {
    /// Adds a secret, instead of the one of its name.
    ///
    /// # Errors
    ///
    /// When the value cannot stand in a header, or is too short to be found in what a tool prints.
    pub fn insert(
        &mut self,
        name: SecretName,
        value: Zeroizing<Vec<u8>>,
    ) -> Result<(), SecretError> {
        if !(MIN_SECRET..=MAX_SECRET).contains(&value.len()) {
            return Err(SecretError::Size {
                name,
                size: value.len(),
            });
        }
        if value.iter().any(u8::is_ascii_control) {
            return Err(SecretError::Control(name));
        }
        self.values.insert(name, value);
        Ok(())
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &SecretName> {
        self.values.keys()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&SecretName, &[u8])> {
        self.values
            .iter()
            .map(|(name, value)| (name, value.as_slice()))
    }

    /// The headers for a call under this grant.
    pub(crate) fn injections(&self, grant: &Grant) -> Vec<Injection> {
        let injection = |rule: &cofferdam_capability::SecretRule| {
            let value = self.values.get(rule.name())?;
            let (before, after) = rule.around();
            let header =
                Zeroizing::new([before.as_bytes(), value.as_slice(), after.as_bytes()].concat());
            Injection::new(rule.host().clone(), rule.header(), &header)
        };
        grant.secrets().iter().filter_map(injection).collect()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}
