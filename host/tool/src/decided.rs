//! The decision about a call.

use std::fmt;

/// The decision of the policy about one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The decision.
    pub verdict: Verdict,
    /// The policies that made it, by name; empty where no policy permits the call.
    pub policies: Vec<String>,
    /// The reason in words; empty where the call may happen.
    pub reason: String,
}

/// The decision about a call, and its ground.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The decision.
    pub decided: Decided,
    /// Places of the request that the policies read, with their values as Cedar writes them.
    pub values: Vec<(String, String)>,
}

/// May a call happen?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Yes, at once.
    Allow,
    /// Once somebody has approved it.
    Ask,
    /// No.
    Deny,
}

impl Decided {
    /// A refusal.
    pub(crate) fn deny(policies: Vec<String>, reason: String) -> Self {
        Self {
            verdict: Verdict::Deny,
            policies,
            reason,
        }
    }

    /// The stricter of two decisions: what one refuses, the other cannot give.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        if other.verdict > self.verdict {
            return other;
        }
        if other.verdict < self.verdict {
            return self;
        }
        let mut both = self;
        both.policies.extend(other.policies);
        both
    }
}

impl Verdict {
    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
