//! Other decisions of the operator, while agents run.

use cofferdam_tool::RunnerChoices;

use crate::decisions::{Decisions, Withheld};

/// Everything about tools that an operator may decide otherwise while a host runs.
#[derive(Debug)]
pub struct Renewal {
    /// Limits, hosts, secrets and guarded files.
    pub choices: RunnerChoices,
    /// The decisions, by agent and tool.
    pub decisions: Decisions,
    /// Tools that their agents do not get.
    pub withheld: Withheld,
}
