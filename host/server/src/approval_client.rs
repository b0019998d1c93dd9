//! The other end of `cofferdam.v1.Approvals`.

use cofferdam_proto::host::approvals_client::ApprovalsClient;
use cofferdam_proto::host::{
    Approval, ApproveRequest, DenyRequest, GetApprovalRequest, ListApprovalsRequest,
    WatchApprovalsRequest, WatchApprovalsResponse,
};
use serde::Serialize;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::client::Client;
use crate::client_error::ClientError;

/// Decides about calls that wait for a person.
#[derive(Debug, Clone)]
pub struct ApprovalClient(ApprovalsClient<Channel>);

/// One question.
#[derive(Debug, Clone, Serialize)]
pub struct ApprovalEntry {
    /// The id, a UUID.
    pub id: String,
    /// The name of the agent.
    pub agent: String,
    /// The session; empty for none.
    pub session: String,
    /// The one who asks.
    pub principal: String,
    /// The tool.
    pub tool: String,
    /// The tool that makes the call; empty for a call by a model or a client.
    pub caller: String,
    /// The effect class of the tool.
    pub effect: String,
    /// The arguments in canonical JSON.
    pub arguments: String,
    /// The digest of the arguments.
    pub arguments_digest: String,
    /// The digest of the component.
    pub component: String,
    /// The digest of the grant.
    pub grant: String,
    /// The reason for the question.
    pub reason: String,
    /// The policies that want it.
    pub policies: Vec<String>,
    /// `pending`, `approved`, `denied`, `used`, `withdrawn` or `expired`.
    pub state: String,
    /// `once` or `session`.
    pub scope: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub expires_at: i64,
    /// Unix seconds; 0 where nothing was decided.
    pub decided_at: i64,
    /// The one who decided.
    pub decided_by: String,
    /// The reason of the decision.
    pub decision_reason: String,
}

/// The questions that wait, told anew whenever they change.
#[derive(Debug)]
pub struct ApprovalWatch(Streaming<WatchApprovalsResponse>);

impl ApprovalClient {
    /// Talks to the host of `client`.
    pub fn new(client: &Client) -> Self {
        Self(ApprovalsClient::new(client.channel()))
    }

    /// The questions of one agent or of all, the newest first; with `all` those too that wait no
    /// more.
    pub async fn list(
        &mut self,
        agent: Option<String>,
        all: bool,
    ) -> Result<Vec<ApprovalEntry>, ClientError> {
        let agent = agent.unwrap_or_default();
        let request = ListApprovalsRequest { agent, all };
        let listed = self.0.list_approvals(request).await?.into_inner();
        Ok(entries(listed.approvals))
    }

    /// One question.
    pub async fn get(&mut self, id: String) -> Result<ApprovalEntry, ClientError> {
        let found = self.0.get_approval(GetApprovalRequest { id }).await?;
        entry(found.into_inner().approval)
    }

    /// The questions that wait, at once and whenever they change.
    pub async fn watch(&mut self, agent: Option<String>) -> Result<ApprovalWatch, ClientError> {
        let agent = agent.unwrap_or_default();
        let told = self.0.watch_approvals(WatchApprovalsRequest { agent });
        Ok(ApprovalWatch(told.await?.into_inner()))
    }

    /// Approves the call that was shown, for itself or for its session.
    pub async fn approve(
        &mut self,
        shown: &ApprovalEntry,
        session: bool,
        reason: String,
    ) -> Result<ApprovalEntry, ClientError> {
        let request = ApproveRequest {
            id: shown.id.clone(),
            session,
            reason,
            arguments_digest: shown.arguments_digest.clone(),
        };
        entry(self.0.approve(request).await?.into_inner().approval)
    }

    /// Denies a call, or takes back its approval.
    pub async fn deny(&mut self, id: String, reason: String) -> Result<ApprovalEntry, ClientError> {
        let denied = self.0.deny(DenyRequest { id, reason }).await?;
        entry(denied.into_inner().approval)
    }
}

impl ApprovalWatch {
    /// The questions that wait; none once the host has ended the stream.
    pub async fn next(&mut self) -> Result<Option<Vec<ApprovalEntry>>, ClientError> {
        let told = self.0.message().await?;
        Ok(told.map(|told| entries(told.approvals)))
    }
}

fn entries(approvals: Vec<Approval>) -> Vec<ApprovalEntry> {
    approvals.into_iter().map(ApprovalEntry::from).collect()
}

fn entry(approval: Option<Approval>) -> Result<ApprovalEntry, ClientError> {
    let missing = || ClientError::Failed("the host answered without a question".to_owned());
    approval.map(ApprovalEntry::from).ok_or_else(missing)
}

impl From<Approval> for ApprovalEntry {
    fn from(approval: Approval) -> Self {
        let Approval {
            id,
            agent,
            session_id: session,
            principal,
            tool,
            effect,
            arguments,
            arguments_digest,
            component,
            grant,
            reason,
            policies,
            state,
            scope,
            created_at,
            expires_at,
            decided_at,
            decided_by,
            decision_reason,
            caller,
        } = approval;
        Self {
            id,
            agent,
            session,
            principal,
            tool,
            caller,
            effect,
            arguments,
            arguments_digest,
            component,
            grant,
            reason,
            policies,
            state,
            scope,
            created_at,
            expires_at,
            decided_at,
            decided_by,
            decision_reason,
        }
    }
}
