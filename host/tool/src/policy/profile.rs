//! Policies to start from.

/// A policy to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyProfile {
    /// Everything that agents have, at once.
    Open,
    /// Calls that write or reach the network wait for an approval.
    AskOnWrite,
    /// Nothing but what only computes.
    Strict,
}

impl PolicyProfile {
    /// Every profile.
    pub const ALL: [Self; 3] = [Self::Open, Self::AskOnWrite, Self::Strict];

    /// Its name, which is that of its file too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::AskOnWrite => "ask-on-write",
            Self::Strict => "strict",
        }
    }

    /// Its text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Open => include_str!("profiles/open.cedar"),
            Self::AskOnWrite => include_str!("profiles/ask-on-write.cedar"),
            Self::Strict => include_str!("profiles/strict.cedar"),
        }
    }
}
