//! The backends in which a permitted call runs.

mod host;
mod wasm;

use std::sync::Arc;

use cofferdam_capability::ToolContract;
use cofferdam_sandbox::{Allowance, Called, Caller, Engine, Injection, Place};

use crate::module_contract;
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
            let contract = component.manifest().tool.contract;
            let run = wasm::Run {
                component,
                grant,
                invocation: match contract {
                    None => permitted.invocation,
                    Some(ToolContract::ModuleV1) => {
                        module_contract::encoded(permitted.invocation, grant)
                    }
                },
                allowance,
                injections,
            };
            let called = wasm::call(engine, run, place, caller).await;
            match contract {
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
