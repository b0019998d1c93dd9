//! Secrets that a command hands over.

use std::collections::BTreeMap;
use std::fmt;

use cofferdam_capability::SecretName;
use zeroize::Zeroizing;

use super::error::SecretError;
use super::value::SecretValue;

/// Secrets by name, which hold for every agent.
#[derive(Default)]
pub struct Secrets {
    values: BTreeMap<SecretName, SecretValue>,
}

impl Secrets {
    /// Adds a secret, instead of the one of its name.
    ///
    /// # Errors
    ///
    /// If the value cannot stand in a header, or is too short to be found in what a tool prints.
    pub fn insert(
        &mut self,
        name: SecretName,
        value: Zeroizing<Vec<u8>>,
    ) -> Result<(), SecretError> {
        let value = SecretValue::new(&name, value)?;
        self.values.insert(name, value);
        Ok(())
    }

    /// The same with the content of a file: the line break at its end is not part of the secret.
    ///
    /// # Errors
    ///
    /// As [`Self::insert`].
    pub fn insert_text(
        &mut self,
        name: SecretName,
        text: Zeroizing<Vec<u8>>,
    ) -> Result<(), SecretError> {
        let value = SecretValue::of_text(&name, text)?;
        self.values.insert(name, value);
        Ok(())
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &SecretName> {
        self.values.keys()
    }

    pub(super) fn get(&self, name: &SecretName) -> Option<&SecretValue> {
        self.values.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&SecretName, &SecretValue)> {
        self.values.iter()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_cannot_be_secrets_are_refused_without_being_shown() {
        let mut secrets = Secrets::default();
        for wrong in [
            "short",
            "with\nnewline",
            "with\r\nInjected: header",
            "nul\0nul\0",
        ] {
            let error = secrets
                .insert("key".parse().unwrap(), Zeroizing::new(wrong.into()))
                .unwrap_err()
                .to_string();
            assert!(error.contains("key") && !error.contains(wrong), "{error}");
        }
        secrets
            .insert("key".parse().unwrap(), Zeroizing::new("long enough".into()))
            .unwrap();
        assert_eq!(format!("{secrets:?}"), "{SecretName(\"key\")}");
    }
}
