//! Whether a call may happen.

use crate::input::Input;
use crate::permit::Permit;
use crate::tool::Tool;

/// Decides about one call. A tool is permitted to whoever holds it, under the grant it was offered with, for an input
/// that fits its schema; everything else is refused with the reason.
pub(crate) fn permit(tool: &Tool, input: Input) -> Result<Permit<'_>, String> {
    Ok(Permit::new(tool, input.checked(tool)?))
}
