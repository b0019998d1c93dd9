//! Proof that a call may happen.

use cofferdam_capability::Grant;
use cofferdam_sandbox::{Component, Invocation};

/// What the policy has passed: a component, the grant it runs under, and what it is to do. Its fields are private and `policy` alone makes one; the
/// backend takes nothing else.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    component: &'a Component,
    grant: &'a Grant,
    invocation: Invocation,
}

impl<'a> Permit<'a> {
    pub(crate) fn new(component: &'a Component, grant: &'a Grant, invocation: Invocation) -> Self {
        Self { component, grant, invocation }
    }

    /// What was permitted: used up by the call.
    pub(crate) fn into_parts(self) -> (&'a Component, &'a Grant, Invocation) {
        (self.component, self.grant, self.invocation)
    }
}
