//! Decisions of reviewers: signed, kept in the data directory, and asked before a call.

mod book;
mod directory;
mod gate;
mod seen;
mod standing;
mod statement;
#[cfg(test)]
mod tests;
mod trust;

pub use directory::{
    DamagedDecision, KeptDecision, ReviewDirectory, ReviewDirectoryError, ReviewLock, ReviewSurvey,
};
pub(crate) use gate::{REVIEW, ReviewGate};
pub use seen::{Difference, Seen, SeenParts};
pub use standing::{ReviewRule, Reviews, Standing};
pub use statement::{
    DECISION_MAX_BYTES, DECISION_MEDIA_TYPE, DecisionError, Judgement, SignedDecision, Stated,
    check_signatures, read_decision,
};
pub use trust::{ToolScope, TrustError, TrustedKey, TrustedKeys};
