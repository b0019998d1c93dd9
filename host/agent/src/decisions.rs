//! The operator's decisions for agents and their tools.

use std::collections::BTreeMap;
use std::sync::Arc;

use cap_std::fs::Dir;
use cofferdam_capability::{
    Access, Decision, Digest, GrantError, GuestPath, Manifest, Offer, RetryRequest, Room,
};
use cofferdam_image::agentfile::{Agentfile, BinRequest, WorkspaceRequest};

use crate::deployment::{Deployment, DeploymentError, stored};
use crate::mounts::{Mounts, asks_for};
use crate::places::Places;
use crate::room::RoomRules;
use crate::variables;

/// The operator's decision about one tool of an agent. The default offers the agent's workspace and
/// nothing else.
#[derive(Debug, Clone)]
pub struct ToolDecision {
    /// The offers beyond the workspace, and limits.
    pub decision: Decision,
    /// The access to the agent's own directories, `/workspace` and `/home`, that is offered; none
    /// if the tool is not to see them.
    pub workspace: Option<Access>,
    /// Calls that failed and are made again.
    pub retry: RetryRequest,
}

/// The operator's decisions.
#[derive(Debug, Clone)]
pub struct Decisions {
    /// By the names of agent and BIN.
    tools: BTreeMap<(String, String), ToolDecision>,
    /// By the name of the agent.
    agents: BTreeMap<String, Deployment>,
    pub(crate) room: RoomRules,
}

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

/// Everything of an agent of which its tools are offered a part.
#[derive(Clone, Copy)]
pub(crate) struct Offering<'a> {
    /// The Agentfile, with the operator's choices in it.
    pub(crate) agentfile: &'a Agentfile,
    /// The directories of the agent's tree.
    pub(crate) places: &'a Places<'a>,
    pub(crate) mounts: &'a Mounts,
    /// The directory of the files that its author added, if there are any.
    pub(crate) data: Option<&'a Arc<Dir>>,
    /// The room of its files; none while nobody writes to them.
    pub(crate) room: Option<&'a Arc<Room>>,
}

impl Default for ToolDecision {
    fn default() -> Self {
        Self {
            decision: Decision::default(),
            workspace: Some(Access::ReadWrite),
            retry: RetryRequest::default(),
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
            mounts: _,
            retry,
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
        self.retry = self.retry.or(retry);
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
    /// The decisions about tools, by the names of agent and BIN, the choices for agents, by name,
    /// and the room that agents have.
    pub fn new(
        tools: impl IntoIterator<Item = ((String, String), ToolDecision)>,
        agents: BTreeMap<String, Deployment>,
        room: RoomRules,
    ) -> Self {
        Self {
            tools: tools.into_iter().collect(),
            agents,
            room,
        }
    }

    /// The choices that hold for an agent: those of the operator's file, and where it says nothing
    /// those with which the agent was created.
    pub(crate) fn deployment(&self, agent: &str, created: &Deployment) -> Deployment {
        match self.agents.get(agent) {
            Some(own) => own.over(created),
            None => created.clone(),
        }
    }

    /// The choices that hold for an agent, as JSON. `created` are those with which it was created,
    /// as the database keeps them.
    pub(crate) fn in_force(&self, agent: &str, created: &str) -> Result<String, DeploymentError> {
        self.deployment(agent, &stored(created)?).json()
    }

    /// The decision about a tool of an agent, and what its Agentfile asks for where the operator
    /// said nothing.
    fn decided(&self, agentfile: &Agentfile, bin: &str) -> ToolDecision {
        let name = (agentfile.name().to_owned(), bin.to_owned());
        let decided = self.tools.get(&name).cloned().unwrap_or_default();
        decided.or(agentfile.requests.get(bin))
    }

    /// The calls of a tool that are made again when they fail.
    pub(crate) fn retry(&self, agentfile: &Agentfile, bin: &str) -> RetryRequest {
        self.decided(agentfile, bin).retry
    }

    /// Everything that a tool of an agent is offered: what the operator decided, and what the
    /// Agentfile asks for where the operator said nothing. The agent's own directories and its
    /// mounts are offered to tools whose manifest asks for some of them.
    pub(crate) fn offered(
        &self,
        offering: Offering<'_>,
        bin: &str,
        manifest: &Manifest,
    ) -> Result<Decision, GrantError> {
        let Offering {
            agentfile,
            places,
            mounts,
            data,
            room,
        } = offering;
        let request = agentfile.requests.get(bin);
        let ToolDecision {
            mut decision,
            workspace,
            retry: _,
        } = self.decided(agentfile, bin);
        // Of one name the last holds, which is the operator's.
        decision.env.splice(..0, variables::of(agentfile, manifest));
        for place in [GuestPath::working_directory(), GuestPath::home()] {
            if let Some(access) = workspace.filter(|_| asks_for(manifest, &place)) {
                let offer = places.offer(place, access)?;
                decision.offers.push(match room {
                    Some(room) => offer.in_room(Arc::clone(room)),
                    None => offer,
                });
            }
        }
        let place = GuestPath::data();
        if let Some(data) = data.filter(|_| asks_for(manifest, &place)) {
            let offer = Offer::kept(Arc::clone(data), place, Access::ReadOnly);
            decision.offers.push(offer);
        }
        let only = request.and_then(|request| request.mounts.as_deref());
        decision.offers.extend(mounts.offers(manifest, only));
        Ok(decision)
    }
}
