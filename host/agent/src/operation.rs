//! Operations on agents.

/// An operation on one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Make it ready.
    Start,
    /// Bring it to rest.
    Stop,
    /// One after the other.
    Restart,
    /// Remove it with its tree and its sessions.
    Remove {
        /// Also while turns run.
        force: bool,
    },
}
