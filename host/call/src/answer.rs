//! The record of a person's answer to a call that waits, for the audit trail.

use cofferdam_capability::Digest;
use serde::{Deserialize, Serialize};

/// Characters of a reason that a record keeps: a sentence. The whole of it is with the approval.
const REASON_MAX_CHARS: usize = 256;

/// A person's answer to a call that waits for one. The call itself has a line of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalAnswer {
    /// The one who answers.
    pub by: String,
    /// The approval, as the line of the call names it.
    pub approval: String,
    /// True for a yes.
    pub approved: bool,
    /// True if a yes holds for every call of the tool in the session.
    pub session_wide: bool,
    /// The one who makes the call: the kind and the name, as people read it.
    pub caller: String,
    /// The id of the agent whose tool it is.
    pub agent_id: String,
    /// The session of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The tool.
    pub tool: String,
    /// The component.
    pub component: String,
    /// The grant.
    pub grant: String,
    /// SHA-256 of the arguments that were shown, in canonical form (RFC 8785).
    pub arguments: String,
    /// The beginning of the reason, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The digest of the whole reason, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_digest: Option<Digest>,
}

impl ApprovalAnswer {
    /// The same answer for this reason.
    #[must_use]
    pub fn because(self, reason: &str) -> Self {
        if reason.is_empty() {
            return self;
        }
        Self {
            reason: Some(reason.chars().take(REASON_MAX_CHARS).collect()),
            reason_digest: Some(Digest::of(reason.as_bytes())),
            ..self
        }
    }
}
