//! In the sandbox of this process.

use std::sync::Arc;

use cofferdam_sandbox::{Allowance, Call, Called, Caller, Engine, Place};

use crate::policy::Permit;
use crate::secret::Secrets;

/// Runs what was permitted, with the secrets that its grant names. A component that lists its tools
/// has no caller.
pub(crate) async fn call(
    engine: &Engine,
    secrets: &Secrets,
    permit: Permit<'_>,
    allowance: &Allowance,
    place: Place<'_>,
    caller: Option<Arc<dyn Caller>>,
) -> Called {
    let (component, grant, invocation) = permit.into_parts();
    let injections = secrets.injections(grant);
    engine
        .call(Call {
            component,
            grant,
            invocation,
            allowance,
            injections,
            place,
            caller,
        })
        .await
}
