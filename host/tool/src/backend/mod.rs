//! The backends in which a permitted call runs.

mod host;
mod wasm;

use std::sync::Arc;

use cofferdam_capability::ToolContract;
use cofferdam_sandbox::{Allowance, Called, Caller, Engine, Place};

use crate::module_contract;
use crate::policy::Permit;
use crate::secret::Secrets;
use crate::subject::Subject;

/// Parts of the process that the backends share.
#[derive(Clone, Copy)]
pub(crate) struct Backends<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) secrets: &'a Secrets,
}

/// Runs what was permitted. A component that lists its tools has no caller.
pub(crate) async fn call(
    backends: Backends<'_>,
    permit: Permit<'_>,
    allowance: &Allowance,
    place: Place<'_>,
    caller: Option<Arc<dyn Caller>>,
) -> Called {
    let Backends { engine, secrets } = backends;
    let permitted = permit.into_parts();
    let grant = permitted.grant;
    match permitted.subject {
        Subject::Component(component) => {
            let run = wasm::Run {
                component,
                grant,
                invocation: permitted.invocation,
                allowance,
                injections: secrets.injections(grant),
            };
            let called = wasm::call(engine, run, place, caller).await;
            match component.manifest().tool.contract {
                None => called,
                Some(ToolContract::ModuleV1) => Called {
                    report: module_contract::decoded(called.report, allowance.account()),
                    ..called
                },
            }
        }
        Subject::Host(tool) => host::call(tool, grant, permitted.invocation, allowance).await,
    }
}
