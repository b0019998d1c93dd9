//! `[secrets]`: where the values of secrets come from.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::error::Failure;

/// Words of a command, at most.
const MAX_WORDS: usize = 64;

/// The table as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Written {
    /// The file with the key that decrypts the secrets: an absolute path. `secrets/identity` in the
    /// data directory when left out.
    #[schemars(extend("pattern" = "^/."))]
    identity: Option<PathBuf>,
    /// A program and its arguments, which prints a secret that is nowhere else; the secret's name
    /// is its last argument.
    #[serde(default)]
    #[schemars(extend("maxItems" = MAX_WORDS))]
    command: Vec<String>,
}

/// The places of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretPlaces {
    /// The key that decrypts the store; none for the one beside it.
    pub(crate) identity: Option<PathBuf>,
    /// The program with its arguments; empty for none.
    pub(crate) command: Vec<String>,
}

impl SecretPlaces {
    /// The keys of the table with their values.
    pub(super) fn shown(&self) -> [(&'static str, Option<Value>); 2] {
        let identity = self
            .identity
            .as_ref()
            .map(|path| path.display().to_string());
        let command = (!self.command.is_empty()).then(|| Value::from(self.command.clone()));
        [
            ("identity", identity.map(Value::from)),
            ("command", command),
        ]
    }
}

impl Written {
    /// The places that are meant. `place` is the file of the table.
    pub(super) fn places(self, place: &str) -> Result<SecretPlaces, Failure> {
        let Self { identity, command } = self;
        let wrong = |problem: String| Failure::usage(format!("{place}: [secrets] {problem}"));
        let is_file = |path: &Path| path.is_absolute() && path.file_name().is_some();
        if let Some(path) = identity.as_ref().filter(|path| !is_file(path)) {
            return Err(wrong(format!(
                "`identity` = {path:?}: expected the absolute path of a file"
            )));
        }
        if command.len() > MAX_WORDS {
            return Err(wrong(format!(
                "`command` has {} words: at most {MAX_WORDS} are passed on",
                command.len()
            )));
        }
        let is_wrong = |word: &&String| word.contains('\0');
        if let Some(word) = command.iter().find(is_wrong) {
            return Err(wrong(format!(
                "`command` = {word:?}: no argument holds a zero"
            )));
        }
        if command.first().is_some_and(String::is_empty) {
            return Err(wrong(
                "`command` begins with an empty word: expected a program".to_owned(),
            ));
        }
        Ok(SecretPlaces { identity, command })
    }
}
