//! In the sandbox of this process.

use cofferdam_sandbox::{Engine, Report};
use tokio_util::sync::CancellationToken;

use crate::permit::Permit;
use crate::secret::Secrets;

/// Runs what was permitted, with the secrets that its grant names.
pub(crate) async fn call(engine: &Engine, permit: Permit<'_>, secrets: &Secrets, cancel: &CancellationToken) -> Report {
    let (tool, invocation) = permit.into_parts();
    let injections = secrets.injections(&tool.grant);
    engine.call(&tool.component, &tool.grant, invocation, &tool.queue.places, injections, cancel).await
}
