//! The facts about an agent's tools that decide where data can go.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::access::Access;
use crate::call_bound::CallBound;
use crate::guest_path::GuestPath;
use crate::network::HostPattern;

/// A tool of an agent, as far as data goes through it.
#[derive(Debug, Clone)]
pub struct FlowTool {
    /// Its name.
    pub name: String,
    /// The directories that it sees. The `/tmp` of a call is none: it is gone after the call.
    pub directories: Vec<FlowDirectory>,
    /// The variables whose values it reads.
    pub variables: Vec<String>,
    /// The hosts that it sends to, over HTTP or TCP.
    pub hosts: Vec<HostPattern>,
    /// The tools that it calls, each with the part of its grant that the call may use.
    pub calls: BTreeMap<String, CallBound>,
}

/// A directory of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowDirectory {
    /// The name by which the tool sees it.
    pub guest: GuestPath,
    /// The place of it. Two tools share data if one place is the other's, or lies in it.
    pub place: PathBuf,
    /// The tool's rights there. It reads in any case.
    pub access: Access,
}

impl FlowDirectory {
    /// The part of it that lies in a directory of the same guest.
    pub(super) fn part(&self, within: &GuestPath) -> Option<Self> {
        if within.contains(&self.guest) {
            return Some(self.clone());
        }
        let below = self.guest.below(within)?;
        Some(Self {
            guest: within.clone(),
            place: self.place.join(below),
            access: self.access,
        })
    }
}
