//! In the sandbox of this process.

use std::sync::Arc;

use cofferdam_capability::Grant;
use cofferdam_sandbox::{
    Allowance, Call, Called, Caller, Component, Engine, Injection, Invocation, Place,
};

/// A run of a component, as it was permitted, with the secrets that its grant names.
pub(super) struct Run<'a> {
    pub(super) component: &'a Component,
    pub(super) grant: &'a Grant,
    pub(super) invocation: Invocation,
    pub(super) allowance: &'a Allowance,
    pub(super) injections: Vec<Injection>,
}

pub(super) async fn call(
    engine: &Engine,
    run: Run<'_>,
    place: Place<'_>,
    caller: Option<Arc<dyn Caller>>,
) -> Called {
    let Run {
        component,
        grant,
        invocation,
        allowance,
        injections,
    } = run;
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
