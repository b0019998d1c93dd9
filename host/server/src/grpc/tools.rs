//! `cofferdam.v1.Tools`.

use std::pin::Pin;
use std::sync::Arc;

use cofferdam_agent::{Agent, Agents};
use cofferdam_proto::host::tools_server::Tools;
use cofferdam_proto::host::{
    CallToolRequest, CallToolResponse, ListToolsRequest, ListToolsResponse, Tool, ToolResult, call_tool_response,
};
use cofferdam_tool::Answer;
use futures_util::{Stream, stream};
use serde_json::Value;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::{Shared, status};
use crate::mcp::Facts;

#[derive(Debug)]
pub(crate) struct ToolsService {
    pub(crate) shared: Shared,
}

type ListStream = Pin<Box<dyn Stream<Item = Result<ListToolsResponse, Status>> + Send>>;
type CallStream = Pin<Box<dyn Stream<Item = Result<CallToolResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Tools for ToolsService {
    type ListToolsStream = ListStream;
    type CallToolStream = CallStream;

    async fn list_tools(&self, request: Request<ListToolsRequest>) -> Result<Response<ListStream>, Status> {
        // From before the agent is looked up, so that no change is missed.
        let changes = self.shared.agents.changes();
        let agent = self.shared.agent(&request)?;
        let agents = Arc::clone(&self.shared.agents);
        let lists = stream::once(std::future::ready(Ok(list(&agent))));
        let later = stream::unfold((changes, agents, agent), |(mut changes, agents, agent)| async {
            let next = next(&mut changes, &agents, &agent).await?;
            Some(match next {
                Ok(agent) => (Ok(list(&agent)), (changes, agents, agent)),
                Err(status) => (Err(status), (changes, agents, agent)),
            })
        });
        Ok(Response::new(Box::pin(stream::StreamExt::chain(lists, later))))
    }

    async fn call_tool(&self, request: Request<CallToolRequest>) -> Result<Response<CallStream>, Status> {
        let agent = self.shared.agent(&request)?;
        let CallToolRequest { name, input } = request.into_inner();
        let input: Value = serde_json::from_str(&input)
            .map_err(|error| Status::invalid_argument(format!("the input of `{name}` is not JSON: {error}")))?;
        let cancel = self.shared.stop.child_token();
        // In a task of its own, so that a call that is cancelled comes to its end and leaves a receipt in the log.
        let call = self.shared.turns.spawn({
            let cancel = cancel.clone();
            async move { agent.call(&name, input, &cancel).await }
        });
        // Dropped with the stream, when the client is gone.
        let client = cancel.drop_guard();
        let result = stream::once(async move {
            let answer = call.await.map_err(|error| status::of_host(&error));
            drop(client);
            answer.map(result)
        });
        Ok(Response::new(Box::pin(result)))
    }
}

/// Waits until `agent` was made anew. Nothing comes any more when the host ends.
async fn next(
    changes: &mut watch::Receiver<()>,
    agents: &Agents,
    agent: &Arc<Agent>,
) -> Option<Result<Arc<Agent>, Status>> {
    loop {
        changes.changed().await.ok()?;
        match agents.find(Some(agent.id())) {
            Ok(new) if Arc::ptr_eq(&new, agent) => {}
            Ok(new) => return Some(Ok(new)),
            Err(error) => return Some(Err(status::of_agent(&error))),
        }
    }
}

fn list(agent: &Agent) -> ListToolsResponse {
    let tool = |tool: &cofferdam_tool::Tool| {
        let Facts { name, description, input, output, read_only, open_world } = Facts::of(tool);
        let output_schema = output.map(|output| output.to_string()).unwrap_or_default();
        Tool { name, description, input_schema: input.to_string(), output_schema, read_only, open_world }
    };
    ListToolsResponse { tools: agent.catalog().iter().map(tool).collect() }
}

fn result(answer: Answer) -> CallToolResponse {
    let Answer { content, failed, structured, receipt } = answer;
    let structured = structured.map(|structured| structured.to_string()).unwrap_or_default();
    let receipt = receipt.and_then(|receipt| serde_json::to_string(&receipt).ok()).unwrap_or_default();
    let result = ToolResult { content, failed, structured, receipt };
    CallToolResponse { event: Some(call_tool_response::Event::Result(result)) }
}
