//! A tool's own verdict on its call, where it follows a contract that has one.

use serde::{Deserialize, Serialize};

/// A tool's own verdict on a call that failed. The outcome beside it is that of a guest that says
/// it failed, whatever the verdict is: no guest speaks for the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestVerdict {
    /// The kind of the failure.
    pub kind: GuestVerdictKind,
    /// True if the tool means that another attempt may help.
    pub retryable: bool,
    /// The code that the tool gave, whatever it is; empty for none.
    pub code: String,
    /// Further facts, by their keys.
    pub details: Vec<(String, String)>,
}

/// The kind of a tool's verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuestVerdictKind {
    /// It failed.
    Failed,
    /// It refuses the call.
    Denied,
    /// Its response is none of its contract.
    Violation,
}
