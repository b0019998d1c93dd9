//! Proof that a call may happen.

use cofferdam_sandbox::Invocation;

use crate::tool::Tool;

/// A checked input for a tool, which the policy has passed. Its fields are private and `policy` alone makes one; the
/// backend takes nothing else.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    tool: &'a Tool,
    invocation: Invocation,
}

impl<'a> Permit<'a> {
    pub(crate) fn new(tool: &'a Tool, invocation: Invocation) -> Self {
        Self { tool, invocation }
    }

    /// What was permitted: used up by the call.
    pub(crate) fn into_parts(self) -> (&'a Tool, Invocation) {
        (self.tool, self.invocation)
    }
}
