//! The decision about a call.

use cofferdam_call::Verdict;

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
        let own = strictness(self.verdict);
        let others = strictness(other.verdict);
        if others > own {
            return other;
        }
        if others < own {
            return self;
        }
        let mut both = self;
        both.policies.extend(other.policies);
        both
    }
}

/// The strictness of a verdict: what a stricter one refuses, the other cannot give.
fn strictness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allow => 0,
        Verdict::Pending => 1,
        Verdict::Deny => 2,
    }
}
