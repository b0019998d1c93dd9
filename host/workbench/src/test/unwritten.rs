//! The reason of a row that has none yet.

use cofferdam_capability::Reason;

use crate::error::Error;

/// A text that stands for a reason until the author has written one.
pub(crate) const UNWRITTEN: &str = "learned";

/// Makes the reason of a row that was learned.
pub(crate) fn reason() -> Result<Reason, Error> {
    Reason::try_from(UNWRITTEN.to_owned()).map_err(Error::work)
}
