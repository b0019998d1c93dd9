//! Keys of reviewers whose decisions count on this host, and the tools that they count for.

use std::fmt;
use std::str::FromStr;

use cofferdam_capability::{Digest, Envelope, KeyError, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::statement::{DecisionError, SignedDecision};

/// The most keys that are trusted: each is tried on each decision.
const TRUSTED_MAX: usize = 64;

/// The most scopes of a key.
const SCOPES_MAX: usize = 64;

/// The longest name of a key, and the longest scope, in bytes.
const NAME_MAX_BYTES: usize = 64;

/// A reviewer whose decisions count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// The name by which people know the reviewer.
    pub name: String,
    /// The key.
    pub key: VerifyingKey,
    /// The tools that the reviewer decides about.
    pub scopes: Vec<ToolScope>,
}

/// Tools by name: one, all that begin in a way (`team-*`), or all (`*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolScope(String);

/// The keys that are trusted on a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedKeys {
    keys: Vec<TrustedKey>,
}

/// The problem with a file of keys, or with a key that is to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The file is no list of keys.
    #[error("it is no list of keys: {0}")]
    Malformed(String),
    /// A key cannot be used.
    #[error("the key of {}: {source}", .name.escape_debug())]
    Key {
        /// The name of its reviewer.
        name: String,
        /// The problem.
        source: KeyError,
    },
    /// A name that no key has.
    #[error("{0:?} is no name of a key: expected 1 to {NAME_MAX_BYTES} of `A-Z a-z 0-9 . _ @ -`")]
    Name(String),
    /// A scope that names no tool.
    #[error(
        "{0:?} is no scope: expected the name of a tool, the beginning of names with `*` behind \
         it, or `*`"
    )]
    Scope(String),
    /// A second key of the same name, or the same key again.
    #[error("{0} is trusted already: `cofferdam review key rm {0}` first")]
    Twice(String),
    /// More keys or scopes than are allowed.
    #[error("there are {count} {noun}: at most {most} are allowed")]
    TooMany {
        /// The number.
        count: usize,
        /// The noun.
        noun: &'static str,
        /// The limit.
        most: usize,
    },
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    keys: Vec<WrittenKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    name: String,
    key: String,
    scopes: Vec<String>,
}

impl TrustedKeys {
    /// Reads the file of keys.
    ///
    /// # Errors
    ///
    /// With the first mistake in it.
    pub fn from_json(json: &[u8]) -> Result<Self, TrustError> {
        let written: Written = serde_json::from_slice(json)
            .map_err(|error| TrustError::Malformed(error.to_string()))?;
        let mut trusted = Self::default();
        for WrittenKey { name, key, scopes } in written.keys {
            let key = VerifyingKey::from_pem(&key).map_err(|source| TrustError::Key {
                name: name.clone(),
                source,
            })?;
            let scopes = scopes.iter().map(|scope| scope.parse());
            trusted.add(TrustedKey {
                name,
                key,
                scopes: scopes.collect::<Result<_, _>>()?,
            })?;
        }
        Ok(trusted)
    }

    /// The file of keys.
    pub fn to_json(&self) -> Vec<u8> {
        let written = |key: &TrustedKey| WrittenKey {
            name: key.name.clone(),
            key: key.key.to_pem(),
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
        };
        let written = Written {
            keys: self.keys.iter().map(written).collect(),
        };
        // Strings and lists of strings: there is nothing that could fail.
        serde_json::to_vec_pretty(&written).unwrap_or_default()
    }

    /// Trusts one more key.
    ///
    /// # Errors
    ///
    /// If its name or its scopes are wrong, or it is trusted already.
    pub fn add(&mut self, key: TrustedKey) -> Result<(), TrustError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
        if !(1..=NAME_MAX_BYTES).contains(&key.name.len()) || !key.name.bytes().all(plain) {
            return Err(TrustError::Name(key.name));
        }
        if key.scopes.is_empty() || key.scopes.len() > SCOPES_MAX {
            return Err(TrustError::TooMany {
                count: key.scopes.len(),
                noun: "scopes",
                most: SCOPES_MAX,
            });
        }
        let same = |other: &&TrustedKey| other.name == key.name || other.key == key.key;
        if let Some(other) = self.keys.iter().find(same) {
            return Err(TrustError::Twice(other.name.clone()));
        }
        if self.keys.len() >= TRUSTED_MAX {
            return Err(TrustError::TooMany {
                count: self.keys.len() + 1,
                noun: "keys",
                most: TRUSTED_MAX,
            });
        }
        self.keys.push(key);
        Ok(())
    }

    /// Trusts a key no longer, and returns it.
    pub fn remove(&mut self, name: &str) -> Option<TrustedKey> {
        let place = self.keys.iter().position(|key| key.name == name)?;
        Some(self.keys.remove(place))
    }

    /// Each key.
    pub fn iter(&self) -> impl Iterator<Item = &TrustedKey> {
        self.keys.iter()
    }

    /// The trusted key of this fingerprint.
    pub fn of(&self, fingerprint: Digest) -> Option<&TrustedKey> {
        self.keys
            .iter()
            .find(|key| key.key.fingerprint() == fingerprint)
    }

    /// Reads a decision that counts: a key that is trusted for its tool has signed it.
    ///
    /// # Errors
    ///
    /// [`DecisionError`].
    pub fn verify(&self, envelope: &Envelope) -> Result<SignedDecision, DecisionError> {
        let decided = SignedDecision::verify(envelope, self.keys.iter().map(|key| &key.key))?;
        let name = decided.stated.judgement.name();
        match self.of(decided.key) {
            Some(key) if key.decides_about(name) => Ok(SignedDecision {
                by: key.name.clone(),
                ..decided
            }),
            _ => Err(DecisionError::OutOfScope(name.to_owned())),
        }
    }
}

impl TrustedKey {
    /// Returns true if the reviewer decides about the tool of this name.
    pub fn decides_about(&self, tool: &str) -> bool {
        self.scopes.iter().any(|scope| scope.covers(tool))
    }
}

impl ToolScope {
    /// Every tool.
    pub fn all() -> Self {
        Self("*".to_owned())
    }

    fn covers(&self, tool: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => tool.starts_with(beginning),
            None => tool == self.0,
        }
    }
}

impl FromStr for ToolScope {
    type Err = TrustError;

    fn from_str(text: &str) -> Result<Self, TrustError> {
        let name = text.strip_suffix('*').unwrap_or(text);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if text.is_empty() || text.len() > NAME_MAX_BYTES || !name.bytes().all(plain) {
            return Err(TrustError::Scope(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ToolScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
