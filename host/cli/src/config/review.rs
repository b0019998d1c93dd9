//! The reviews that a tool needs before it is called.

use cofferdam_tool::ReviewRule;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// `true` for an approved component, or one that may do no more than an approved one of its name;
/// `"digest"` for an approved component alone.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected true, false or \"digest\"")]
pub(super) enum Required {
    /// Any approval, or none.
    Any(bool),
    /// An approval of the very component.
    Exactly(Exactly),
}

/// The word for it.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Exactly {
    /// The component of this digest.
    Digest,
}

impl Required {
    /// The rule.
    pub(super) fn rule(self) -> ReviewRule {
        match self {
            Self::Any(true) => ReviewRule::Required,
            Self::Any(false) => ReviewRule::None,
            Self::Exactly(Exactly::Digest) => ReviewRule::ByDigest,
        }
    }
}

/// The rule, as it is written.
pub(super) fn shown(rule: ReviewRule) -> Value {
    match rule {
        ReviewRule::None => false.into(),
        ReviewRule::Required => true.into(),
        ReviewRule::ByDigest => "digest".into(),
    }
}
