//! The backends in which a permitted call runs.

mod host;
mod wasm;

use std::sync::Arc;

use cofferdam_sandbox::{Allowance, Called, Caller, Engine, Injection, Place};

use crate::policy::Permit;
use crate::subject::Subject;

/// Parts of the process that the backends share, and the secrets of one call.
pub(crate) struct Backends<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) injections: Vec<Injection>,
}

/// Runs what was permitted. A component that lists its tools has no caller.
pub(crate) async fn call(
    backends: Backends<'_>,
    permit: Permit<'_>,
    allowance: &Allowance,
    place: Place<'_>,
    caller: Option<Arc<dyn Caller>>,
) -> Called {
    let Backends { engine, injections } = backends;
    let permitted = permit.into_parts();
    let grant = permitted.grant;
    match permitted.subject {
        Subject::Component(component) => {
            let run = wasm::Run {
                component,
                grant,
                invocation: permitted.invocation,
                allowance,
                injections,
            };
            wasm::call(engine, run, place, caller).await
        }
        Subject::Host(tool) => host::call(tool, grant, permitted.invocation, allowance).await,
    }
}
