//! The reason of a row that has none yet.

use cofferdam_capability::Reason;

use crate::error::Error;

/// A text that stands for a reason until the author has written one.
const UNWRITTEN: &str = "learned";

/// Makes one.
pub(crate) fn reason() -> Result<Reason, Error> {
    Reason::try_from(UNWRITTEN.to_owned()).map_err(Error::work)
}

/// Returns true if the author has still to write the reason.
pub(crate) fn is(reason: &Reason) -> bool {
    reason.as_str() == UNWRITTEN
}
