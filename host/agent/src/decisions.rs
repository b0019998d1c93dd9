//! The operator's decisions for the tools of agents.

use std::collections::BTreeMap;

use cap_std::fs::Dir;
use cofferdam_capability::{Access, Decision, Digest, GrantError, GuestPath, Manifest, Offer};

/// The operator's decision about one tool of an agent. The default offers the agent's workspace and
/// nothing else.
#[derive(Debug, Clone)]
pub struct ToolDecision {
    /// The offers beyond the workspace, and limits.
    pub decision: Decision,
    /// The access to `/workspace` that is offered; none if the tool is not to see it.
    pub workspace: Option<Access>,
}

/// The operator's decisions, by the names of agent and BIN.
#[derive(Debug, Clone, Default)]
pub struct Decisions(BTreeMap<(String, String), ToolDecision>);

/// Tools that their agents do not get, with the reason, by agent and tool.
pub type Withheld = BTreeMap<(String, String), String>;

/// A component that the operator accepts for a BIN, although it asks for more than the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The agent's name.
    pub agent: String,
    /// The BIN.
    pub bin: String,
    /// The component.
    pub component: Digest,
}

impl Default for ToolDecision {
    fn default() -> Self {
        Self {
            decision: Decision::default(),
            workspace: Some(Access::ReadWrite),
        }
    }
}

impl Decisions {
    /// Everything that a tool of an agent is offered. `tree` is the agent's; its workspace is
    /// offered to tools whose manifest asks for some of it.
    pub(crate) fn offered(
        &self,
        agent: &str,
        bin: &str,
        manifest: &Manifest,
        tree: &Dir,
    ) -> Result<Decision, GrantError> {
        let decided = self
            .0
            .get(&(agent.to_owned(), bin.to_owned()))
            .cloned()
            .unwrap_or_default();
        let ToolDecision {
            mut decision,
            workspace,
        } = decided;
        let place = GuestPath::working_directory();
        let asked = manifest
            .fs
            .iter()
            .any(|row| row.path.contains(&place) || place.contains(&row.path));
        if let Some(access) = workspace.filter(|_| asked) {
            decision.offers.push(Offer::below(tree, place, access)?);
        }
        Ok(decision)
    }
}

impl FromIterator<((String, String), ToolDecision)> for Decisions {
    fn from_iter<I: IntoIterator<Item = ((String, String), ToolDecision)>>(decisions: I) -> Self {
        Self(decisions.into_iter().collect())
    }
}
