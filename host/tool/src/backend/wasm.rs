//! In the sandbox of this process.

use cofferdam_sandbox::{Engine, Report};
use tokio_util::sync::CancellationToken;

use crate::permit::Permit;

/// Runs what was permitted.
pub(crate) async fn call(engine: &Engine, permit: Permit<'_>, cancel: &CancellationToken) -> Report {
    let (tool, invocation) = permit.into_parts();
    engine.call(&tool.component, &tool.grant, invocation, &tool.queue.places, cancel).await
}
