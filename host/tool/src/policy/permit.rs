//! Proof that a call may happen.

use cofferdam_capability::Grant;
use cofferdam_sandbox::Invocation;

use crate::subject::Subject;

/// A component or the host, the grant that a call runs under, and what it is to do, as the policy
/// has passed them. Its fields are private and `policy` alone makes one; the backend takes nothing
/// else.
pub(crate) struct Permit<'a> {
    subject: Subject<'a>,
    grant: &'a Grant,
    invocation: Invocation,
}

/// The parts of a permit that is used up.
pub(crate) struct Permitted<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) grant: &'a Grant,
    pub(crate) invocation: Invocation,
}

impl<'a> Permit<'a> {
    pub(super) fn new(subject: Subject<'a>, grant: &'a Grant, invocation: Invocation) -> Self {
        Self {
            subject,
            grant,
            invocation,
        }
    }

    /// Takes what was permitted: a permit is used up by its call.
    pub(crate) fn into_parts(self) -> Permitted<'a> {
        let Self {
            subject,
            grant,
            invocation,
        } = self;
        Permitted {
            subject,
            grant,
            invocation,
        }
    }
}
