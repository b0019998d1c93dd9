//! The operator's decisions for the tools of agents.

use std::collections::BTreeMap;

use cap_std::fs::Dir;
use cofferdam_capability::{Access, Decision, Digest, GrantError, GuestPath, Manifest, Offer};
use cofferdam_image::agentfile::{Agentfile, BinRequest, WorkspaceRequest};

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

impl ToolDecision {
    /// This decision, and what an Agentfile asks for where it decides nothing.
    fn or(mut self, request: Option<&BinRequest>) -> Self {
        let Some(BinRequest {
            limits,
            http,
            tcp,
            workspace,
        }) = request
        else {
            return self;
        };
        let Decision {
            limits: decided_limits,
            http: decided_http,
            tcp: decided_tcp,
            ..
        } = &mut self.decision;
        *decided_limits = decided_limits.or(limits);
        if decided_http.is_empty() {
            decided_http.clone_from(http);
        }
        if decided_tcp.is_empty() {
            decided_tcp.clone_from(tcp);
        }
        self.workspace = match workspace {
            None => self.workspace,
            Some(WorkspaceRequest::None) => None,
            Some(WorkspaceRequest::UpTo(most)) => self.workspace.map(|access| access.min(*most)),
        };
        self
    }
}

impl Decisions {
    /// Everything that a tool of an agent is offered: what the operator decided, and what the
    /// Agentfile asks for where the operator said nothing. `tree` is the agent's; its workspace is
    /// offered to tools whose manifest asks for some of it.
    pub(crate) fn offered(
        &self,
        agentfile: &Agentfile,
        bin: &str,
        manifest: &Manifest,
        tree: &Dir,
    ) -> Result<Decision, GrantError> {
        let decided = self
            .0
            .get(&(agentfile.name.to_string(), bin.to_owned()))
            .cloned()
            .unwrap_or_default();
        let ToolDecision {
            mut decision,
            workspace,
        } = decided.or(agentfile.requests.get(bin));
        let declared = |name: &String| manifest.env.iter().any(|row| row.name == *name);
        let variables = agentfile
            .envs
            .iter()
            .filter(|variable| declared(&variable.key))
            .map(|variable| (variable.key.clone(), variable.value.clone()));
        // Of one name the last holds, which is the operator's.
        decision.env.splice(..0, variables);
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
