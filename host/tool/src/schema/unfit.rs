//! Inputs that do not fit, or are not known to.

use cofferdam_call::Outcome;

use super::meter::Unchecked;

/// Reasons why an input was not found to fit.
#[derive(Debug)]
pub(crate) enum Unfit {
    /// It does not fit, or checking it takes too much. One sentence of bounded length says where.
    Wrong(String),
    /// The call has ended.
    Ended(Outcome),
}

/// Reasons why a check ended early.
pub(super) enum Misfit {
    /// A value does not fit. There is no sentence where another branch may still fit.
    Wrong(Option<String>),
    /// Nothing is known.
    Unchecked(Unchecked),
}

impl From<Unchecked> for Misfit {
    fn from(unchecked: Unchecked) -> Self {
        Self::Unchecked(unchecked)
    }
}

pub(super) type Fits = Result<(), Misfit>;
