//! The effect class of a tool: what its calls can do beyond their answer.

use std::fmt;

use cofferdam_capability::{Access, Grant, LOCKED_ENVIRONMENT};

/// The effect class of a tool, by what its component imports and what it was granted, never by what
/// it says of itself. Each class can do what those before it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It computes: no file, no network, no clock, no call.
    Pure,
    /// It reads what was granted, or the clock.
    Read,
    /// It writes files, or calls other tools.
    Write,
    /// It reaches the network.
    External,
}

impl Effect {
    /// Every class, the least first.
    pub const ALL: [Self; 4] = [Self::Pure, Self::Read, Self::Write, Self::External];

    /// The class of a component that imports so much and runs under this grant.
    pub fn of(only_computes: bool, grant: &Grant) -> Self {
        let network = grant.network();
        let writes = grant
            .preopens()
            .iter()
            .any(|preopen| preopen.access() == Access::ReadWrite);
        if !network.rules().is_empty() || network.has_tcp() {
            Self::External
        } else if writes || !grant.calls().is_empty() {
            Self::Write
        } else if only_computes
            && grant.preopens().is_empty()
            && !grant.has_scratch()
            && grant.environment().len() == LOCKED_ENVIRONMENT.len()
        {
            Self::Pure
        } else {
            Self::Read
        }
    }

    /// The risk of a tool of this class, as policies see it. `carries` is true if it also writes
    /// files, has a secret, or may reach any host.
    pub fn risk(self, carries: bool) -> &'static str {
        match self {
            Self::Pure | Self::Read => "low",
            Self::Write => "medium",
            Self::External if carries => "critical",
            Self::External => "high",
        }
    }

    /// Its spelling in policies and receipts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Read => "read",
            Self::Write => "write",
            Self::External => "external",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
