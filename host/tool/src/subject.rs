//! The runner of a permitted call: a component, or the host.

use cofferdam_sandbox::Component;

use crate::host_tool::HostTool;

/// Runs what a call asks for.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// A component, in the sandbox.
    Component(&'a Component),
    /// The host itself.
    Host(&'a dyn HostTool),
}
