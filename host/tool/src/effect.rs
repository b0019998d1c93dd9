//! The effect class of a tool: what a call of it can do to the world.

use std::fmt;

use cofferdam_capability::{Access, Grant};

/// The effect class of a tool, derived from what it imports and was granted, never from what it
/// says. It decides which calls may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It only computes: no file, no network, no clock, no call.
    Pure,
    /// It reads files, clocks and variables, and changes nothing.
    Read,
    /// It changes files, or calls other tools.
    Write,
    /// It reaches the network.
    External,
}

impl Effect {
    /// Every class, by what it can do.
    pub const ALL: [Self; 4] = [Self::Pure, Self::Read, Self::Write, Self::External];

    /// The class of a component under this grant. `only_computes` says that none of its imports
    /// gives it anything.
    pub fn of(grant: &Grant, only_computes: bool) -> Self {
        let network = grant.network();
        if !network.rules().is_empty() || network.has_tcp() {
            return Self::External;
        }
        let mut preopens = grant.preopens().iter();
        if preopens.any(|preopen| preopen.access() == Access::ReadWrite)
            || !grant.calls().is_empty()
        {
            return Self::Write;
        }
        if only_computes {
            Self::Pure
        } else {
            Self::Read
        }
    }

    /// Its spelling.
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
