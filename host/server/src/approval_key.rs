//! The metadata key with the approval that a call brings.

/// A call without it is one that nobody has approved yet.
pub(crate) const APPROVAL_KEY: &str = "cofferdam-approval";
