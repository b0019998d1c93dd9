//! `cofferdam.v1.Agents`.

use cofferdam_proto::host::agents_server::Agents;
use cofferdam_proto::host::{Agent, ListAgentsRequest, ListAgentsResponse};
use tonic::{Request, Response, Status};

use super::shared::Shared;

#[derive(Debug)]
pub(crate) struct AgentsService {
    pub(crate) shared: Shared,
}

#[tonic::async_trait]
impl Agents for AgentsService {
    async fn list_agents(
        &self,
        _: Request<ListAgentsRequest>,
    ) -> Result<Response<ListAgentsResponse>, Status> {
        let agent = |summary: cofferdam_agent::Summary| Agent {
            id: summary.id,
            name: summary.name,
            model: summary.model,
            status: summary.status.to_owned(),
            failure_reason: summary.failure_reason,
            tools: summary.tools,
            created_at: summary.created_at,
        };
        let agents = self.shared.agents.list().into_iter().map(agent).collect();
        let ending = self.shared.ending.is_cancelled();
        let running = u32::try_from(self.shared.turns.len()).unwrap_or(u32::MAX);
        Ok(Response::new(ListAgentsResponse {
            agents,
            ending,
            running,
        }))
    }
}
