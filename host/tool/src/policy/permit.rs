//! Proof that a call may happen.

use cofferdam_capability::Grant;
use cofferdam_sandbox::{Component, Invocation};

/// A component, the grant it runs under, and what it is to do, as the policy has passed them. Its
/// fields are private and `policy` alone makes one; the backend takes nothing else.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    component: &'a Component,
    grant: &'a Grant,
    invocation: Invocation,
}

impl<'a> Permit<'a> {
    pub(super) fn new(component: &'a Component, grant: &'a Grant, invocation: Invocation) -> Self {
        Self {
            component,
            grant,
            invocation,
        }
    }

    /// Takes what was permitted: a permit is used up by its call.
    pub(crate) fn into_parts(self) -> (&'a Component, &'a Grant, Invocation) {
        (self.component, self.grant, self.invocation)
    }
}
