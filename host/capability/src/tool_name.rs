//! Names of tools: one rule for manifests, calls, models, MCP and file names.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::ForeignText;

/// The longest name of a tool, in bytes: what vendors of models take.
pub const MAX_TOOL_NAME: usize = 64;

/// The name of a tool whose file or image has no name that could be one.
const NAMELESS: &str = "tool";

/// Characters of a wrong name that a refusal repeats.
const MOST_SHOWN: usize = MAX_TOOL_NAME;

/// A text that is not the name of a tool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ToolNameError(String);

/// The name of a tool: 1 to 64 of `A-Z a-z 0-9 _ -`, the first a letter or a digit. It is also safe
/// as a file name, because it holds no `/` and no `.`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ToolName(String);

impl ToolName {
    /// Refuses a text that is not the name of a tool.
    pub fn check(text: &str) -> Result<(), ToolNameError> {
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins && text.len() <= MAX_TOOL_NAME && text.chars().all(is_of_name) {
            return Ok(());
        }
        let shown: String = text.chars().take(MOST_SHOWN).collect();
        let rest = if shown.len() < text.len() { "…" } else { "" };
        Err(ToolNameError(format!(
            "`{}{rest}` is not the name of a tool: expected 1 to {MAX_TOOL_NAME} of \
             A-Z a-z 0-9 _ -, the first a letter or a digit",
            ForeignText::line(&shown)
        )))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes a name of a file's or an image's: every other character becomes `_`.
    pub fn made_of(text: &str) -> Self {
        let name: String = text
            .chars()
            .map(|c| if is_of_name(c) { c } else { '_' })
            .collect();
        let name: String = name
            .trim_start_matches(['_', '-'])
            .chars()
            .take(MAX_TOOL_NAME)
            .collect();
        Self(if name.is_empty() {
            NAMELESS.to_owned()
        } else {
            name
        })
    }
}

impl TryFrom<String> for ToolName {
    type Error = ToolNameError;

    fn try_from(text: String) -> Result<Self, ToolNameError> {
        Self::check(&text)?;
        Ok(Self(text))
    }
}

impl FromStr for ToolName {
    type Err = ToolNameError;

    fn from_str(text: &str) -> Result<Self, ToolNameError> {
        Self::try_from(text.to_owned())
    }
}

impl From<ToolName> for String {
    fn from(name: ToolName) -> Self {
        name.0
    }
}

impl Deref for ToolName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for ToolName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ToolName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for ToolName {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for ToolName {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// As the text that it is.
impl fmt::Debug for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_as_a_file_name() {
        for name in ["wc", "text-stats", "a", "7z", "A_b-9", &"x".repeat(64)] {
            assert_eq!(ToolName::check(name), Ok(()), "{name}");
            assert_eq!(ToolName::made_of(name), *name);
        }
        let long = "x".repeat(65);
        for name in [
            "",
            ".",
            "..",
            "/x",
            "../x",
            "a/b",
            "a\\b",
            "a.b",
            "a b",
            "-rf",
            "_x",
            "a\0",
            "a\n",
            "é",
            "\u{202e}a",
            &long,
        ] {
            let problem = ToolName::check(name).unwrap_err();
            assert!(
                problem.to_string().contains("expected 1 to 64"),
                "{problem}"
            );
            assert_eq!(
                ForeignText::line(&problem.to_string()).hidden(),
                None,
                "{problem}"
            );
            assert_eq!(ToolName::check(&ToolName::made_of(name)), Ok(()), "{name}");
        }
    }
}
