//! The things that an agent was given, as its tools of this host tell them.

use cofferdam_image::agentfile::{Context, Env};

use crate::agent_yaml::MountYaml;
use crate::notes::Notes;

/// Everything that the tools of one agent answer from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) contexts: Vec<Context>,
    /// Variables; their values are told nobody.
    pub(super) variables: Vec<Env>,
    pub(super) mounts: Vec<MountYaml>,
    pub(super) notes: Notes,
}
