//! One value.

use std::fmt;

use cofferdam_capability::SecretName;
use zeroize::Zeroizing;

use super::error::SecretError;
use super::size::{MAX_SECRET, MIN_SECRET};

/// The value of a secret. Its memory is overwritten when it goes, and nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Zeroizing<Vec<u8>>);

/// Two parts of a value with a `:` between them.
pub(super) struct Pair<'a> {
    pub(super) name: &'a [u8],
    pub(super) password: &'a [u8],
}

impl SecretValue {
    /// Takes bytes as the value of a secret.
    ///
    /// # Errors
    ///
    /// If the value cannot stand in a header, or is too short to be found in what a tool prints.
    pub fn new(name: &SecretName, value: Zeroizing<Vec<u8>>) -> Result<Self, SecretError> {
        if !(MIN_SECRET..=MAX_SECRET).contains(&value.len()) {
            return Err(SecretError::Size {
                name: name.clone(),
                size: value.len(),
            });
        }
        if value.iter().any(u8::is_ascii_control) {
            return Err(SecretError::Control(name.clone()));
        }
        Ok(Self(value))
    }

    /// Takes the content of a file or the output of a program as a value. The line break that an
    /// editor leaves at the end is not part of it.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn of_text(name: &SecretName, mut text: Zeroizing<Vec<u8>>) -> Result<Self, SecretError> {
        for end in *b"\n\r" {
            if text.last() == Some(&end) {
                text.pop();
            }
        }
        Self::new(name, text)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The parts before and after the first `:` (RFC 7617, section 2).
    pub(super) fn pair(&self, name: &SecretName) -> Result<Pair<'_>, SecretError> {
        let mut parts = self.0.splitn(2, |byte| *byte == b':');
        match (parts.next(), parts.next()) {
            (Some(name), Some(password)) => Ok(Pair { name, password }),
            _ => Err(SecretError::NoPair(name.clone())),
        }
    }

    /// The password of a pair alone, if it is long enough to be looked for.
    pub(super) fn password(&self) -> Option<Self> {
        let password = self.0.splitn(2, |byte| *byte == b':').nth(1)?;
        (password.len() >= MIN_SECRET).then(|| Self(Zeroizing::new(password.to_vec())))
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue")
    }
}
