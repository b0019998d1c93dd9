//! In the sandbox of this process.

use std::sync::Arc;

use cofferdam_sandbox::{Allowance, Call, Called, Caller, Place};

use crate::dispatch::Door;
use crate::permit::Permit;

/// Runs what was permitted, with the secrets that its grant names. A component that lists its tools has no caller.
pub(crate) async fn call(
    door: &Door,
    permit: Permit<'_>,
    allowance: &Allowance,
    place: Place<'_>,
    caller: Option<Arc<dyn Caller>>,
) -> Called {
    let (component, grant, invocation) = permit.into_parts();
    let injections = door.secrets.injections(grant);
    door.engine.call(Call { component, grant, invocation, allowance, injections, place, caller }).await
}
