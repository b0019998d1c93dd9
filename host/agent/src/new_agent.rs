//! A new agent as it is asked for, and the work that one has done.

use std::collections::BTreeMap;

use cofferdam_tool::ToolUsage;

use crate::deployment::Deployment;
use crate::maker::AgentSource;

/// A request for a new agent.
#[derive(Debug)]
pub struct NewAgent {
    /// Its name; that of the Agentfile if there is none.
    pub name: Option<String>,
    /// The Agentfile or image that it is made from.
    pub source: AgentSource,
    /// The operator's choices beyond it.
    pub deployment: Deployment,
    /// True if it takes the place of an agent of its name. That one's id, workspace and sessions
    /// stay.
    pub replace: bool,
    /// True if it is kept where it cannot be made, and tried again where that may help. Only what
    /// is made from an image can be.
    pub keep: bool,
}

/// The work of an agent since it was started.
#[derive(Debug, Clone)]
pub struct Usage {
    /// Sums over the calls of each tool that was called, by name.
    pub tools: BTreeMap<String, ToolUsage>,
    /// Turns under way.
    pub turns: usize,
}
