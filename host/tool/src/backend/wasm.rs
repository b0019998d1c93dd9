//! In the sandbox of this process.

use std::sync::Arc;

use cofferdam_sandbox::{Allowance, Call, Place, Report};
use tokio_util::sync::CancellationToken;

use crate::caller::Calling;
use crate::dispatch::Door;
use crate::permit::Permit;

/// Runs what was permitted, with the secrets that its grant names.
pub(crate) async fn call(
    door: &Door,
    permit: Permit<'_>,
    allowance: &Allowance,
    place: Place<'_>,
    calling: Calling,
    cancel: &CancellationToken,
) -> Report {
    let (tool, invocation) = permit.into_parts();
    let injections = door.secrets.injections(tool.grant());
    let (component, grant) = (tool.component(), tool.grant());
    let caller = Some(Arc::new(calling) as _);
    door.engine.call(Call { component, grant, invocation, allowance, injections, place, caller, cancel }).await
}
