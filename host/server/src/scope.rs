//! Scopes of a client's token.

use std::fmt;
use std::str::FromStr;

/// A group of methods that a client's token may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Turns of agents.
    Chat,
    /// Looking at agents and at what was said.
    Read,
    /// Changing what was said and noted.
    Write,
    /// Calling tools without a model.
    Tools,
}

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope: expected chat, read, write or tools")]
pub(crate) struct ScopeError(String);

impl Scope {
    /// All of them.
    const ALL: [Self; 4] = [Self::Chat, Self::Read, Self::Write, Self::Tools];

    fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Read => "read",
            Self::Write => "write",
            Self::Tools => "tools",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        found.ok_or_else(|| ScopeError(text.to_owned()))
    }
}
