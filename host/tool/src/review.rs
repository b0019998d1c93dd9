//! Decisions of reviewers: signed, kept in the data directory, and asked before a call.

mod book;
mod directory;
mod directory_error;
mod find;
mod gate;
mod list;
mod seen;
mod standing;
mod state;
mod statement;
#[cfg(test)]
mod tests;
mod trust;

pub use directory::{DamagedDecision, KeptDecision, ReviewDirectory, ReviewLock, ReviewSurvey};
pub use directory_error::ReviewDirectoryError;
pub use find::{Removal, find_decision};
pub(crate) use gate::REVIEW;
pub use gate::{ReviewGate, Reviewed};
pub use list::{DecisionList, DecisionSummary, ListedDecision, Signer};
pub use seen::{Difference, Seen, SeenParts};
pub use standing::{ReviewRule, Reviews, Standing};
pub use state::DecisionState;
pub use statement::{
    DECISION_MAX_BYTES, DECISION_MEDIA_TYPE, DecisionError, Judgement, SignedDecision, Stated,
    read_decision, read_envelope,
};
pub use trust::{ToolScope, TrustError, TrustedKey, TrustedKeys};
