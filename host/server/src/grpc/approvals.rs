//! `cofferdam.v1.Approvals`.

use std::pin::Pin;
use std::sync::Arc;

use cofferdam_agent::{Agents, ApprovalDecision};
use cofferdam_proto::host::approvals_server;
use cofferdam_proto::host::{
    Approval, ApproveRequest, ApproveResponse, DenyRequest, DenyResponse, GetApprovalRequest,
    GetApprovalResponse, ListApprovalsRequest, ListApprovalsResponse, WatchApprovalsRequest,
    WatchApprovalsResponse,
};
use cofferdam_store::{ApprovalScope, NewApproval, StoredApproval};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::rpcs::rpcs;
use super::shared::Shared;
use super::status;

/// The one who decides: the table of methods lets nobody else.
const OPERATOR: &str = "the operator";

#[derive(Debug)]
pub(crate) struct ApprovalsService {
    pub(crate) shared: Shared,
}

type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchApprovalsResponse, Status>> + Send>>;

rpcs! {
    impl approvals_server::Approvals for ApprovalsService {
        type WatchApprovalsStream = WatchStream;

        rpc list_approvals(ListApprovalsRequest) -> ListApprovalsResponse;
        rpc get_approval(GetApprovalRequest) -> GetApprovalResponse;
        rpc watch_approvals(WatchApprovalsRequest) -> WatchStream;
        rpc approve(ApproveRequest) -> ApproveResponse;
        rpc deny(DenyRequest) -> DenyResponse;
    }
}

impl ApprovalsService {
    async fn list_approvals(
        &self,
        request: Request<ListApprovalsRequest>,
    ) -> Result<Response<ListApprovalsResponse>, Status> {
        let ListApprovalsRequest { agent, all } = request.into_inner();
        let agents = &self.shared.agents;
        let agent = agent_id(agents, &agent)?;
        let approvals = listed(agents, agent.as_deref(), !all).await?;
        Ok(Response::new(ListApprovalsResponse { approvals }))
    }

    async fn get_approval(
        &self,
        request: Request<GetApprovalRequest>,
    ) -> Result<Response<GetApprovalResponse>, Status> {
        let agents = &self.shared.agents;
        let found = agents.approvals().get(&request.into_inner().id).await;
        let found = found.map_err(|error| status::of_approval(&error))?;
        Ok(Response::new(GetApprovalResponse {
            approval: Some(on_the_wire(agents, found)),
        }))
    }

    async fn watch_approvals(
        &self,
        request: Request<WatchApprovalsRequest>,
    ) -> Result<Response<WatchStream>, Status> {
        let agents = Arc::clone(&self.shared.agents);
        let agent = agent_id(&agents, &request.into_inner().agent)?;
        // From before the first list, so that no change is missed.
        let changes = agents.approvals().changes();
        let place = self.shared.answers.followers.begin(OPERATOR)?;
        let first = listed(&agents, agent.as_deref(), true).await?;
        let first = WatchApprovalsResponse { approvals: first };
        let later = stream::unfold(Some((changes, agents, agent)), next);
        let stop = self.shared.stop.clone().cancelled_owned();
        let told = stream::once(std::future::ready(Ok(first)))
            .chain(later)
            .take_until(stop);
        Ok(place.keep_with(Response::new(Box::pin(told))))
    }

    async fn approve(
        &self,
        request: Request<ApproveRequest>,
    ) -> Result<Response<ApproveResponse>, Status> {
        let ApproveRequest {
            id,
            session,
            reason,
            arguments_digest,
        } = request.into_inner();
        let scope = if session {
            ApprovalScope::Session
        } else {
            ApprovalScope::Once
        };
        let decision = ApprovalDecision {
            id,
            approved: true,
            scope,
            by: OPERATOR.to_owned(),
            reason,
            shown: arguments_digest,
        };
        let approval = Some(self.decide(decision).await?);
        Ok(Response::new(ApproveResponse { approval }))
    }

    async fn deny(&self, request: Request<DenyRequest>) -> Result<Response<DenyResponse>, Status> {
        let DenyRequest { id, reason } = request.into_inner();
        let decision = ApprovalDecision {
            id,
            approved: false,
            scope: ApprovalScope::Once,
            by: OPERATOR.to_owned(),
            reason,
            shown: String::new(),
        };
        let approval = Some(self.decide(decision).await?);
        Ok(Response::new(DenyResponse { approval }))
    }

    async fn decide(&self, decision: ApprovalDecision) -> Result<Approval, Status> {
        let agents = &self.shared.agents;
        let decided = agents.approvals().decide(decision).await;
        let decided = decided.map_err(|error| status::of_approval(&error))?;
        Ok(on_the_wire(agents, decided))
    }
}

type Watching = (watch::Receiver<()>, Arc<Agents>, Option<String>);

/// The next list, once something has changed. Nothing comes after an error.
async fn next(
    watching: Option<Watching>,
) -> Option<(Result<WatchApprovalsResponse, Status>, Option<Watching>)> {
    let (mut changes, agents, agent) = watching?;
    changes.changed().await.ok()?;
    match listed(&agents, agent.as_deref(), true).await {
        Ok(approvals) => Some((
            Ok(WatchApprovalsResponse { approvals }),
            Some((changes, agents, agent)),
        )),
        Err(status) => Some((Err(status), None)),
    }
}

/// The id of the agent that a request names, if it names one.
fn agent_id(agents: &Agents, asked: &str) -> Result<Option<String>, Status> {
    if asked.is_empty() {
        return Ok(None);
    }
    let found = agents.summary(Some(asked));
    found
        .map(|summary| Some(summary.id))
        .map_err(|error| status::of_agent(&error))
}

async fn listed(
    agents: &Agents,
    agent: Option<&str>,
    waiting: bool,
) -> Result<Vec<Approval>, Status> {
    let stored = agents.approvals().list(agent, waiting).await;
    let stored = stored.map_err(|error| status::of_store(&error))?;
    let wire = |approval| on_the_wire(agents, approval);
    Ok(stored.into_iter().map(wire).collect())
}

fn on_the_wire(agents: &Agents, stored: StoredApproval) -> Approval {
    let StoredApproval {
        asked,
        state,
        scope,
        created_at,
        expires_at,
        decided_at,
        decided_by,
        decision_reason,
        ..
    } = stored;
    let NewApproval {
        id,
        agent_id,
        session,
        principal,
        tool,
        caller,
        component,
        grant,
        arguments_digest,
        arguments: _,
        shown,
        effect,
        policies,
        reason,
        seconds: _,
    } = asked;
    let agent = agents.summary(Some(&agent_id));
    Approval {
        id,
        agent: agent.map_or(agent_id, |summary| summary.name),
        session_id: session,
        principal,
        tool,
        effect,
        arguments: shown,
        arguments_digest,
        component,
        grant,
        reason,
        policies,
        state: state.as_str().to_owned(),
        scope: scope.as_str().to_owned(),
        created_at,
        expires_at,
        decided_at: decided_at.unwrap_or_default(),
        decided_by,
        decision_reason,
        caller,
    }
}
