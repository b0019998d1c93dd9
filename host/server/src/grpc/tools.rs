//! `cofferdam.v1.Tools`.

use std::pin::Pin;
use std::sync::Arc;

use cofferdam_agent::{Agent, Agents};
use cofferdam_proto::host::call_tool_response::Event;
use cofferdam_proto::host::tools_server::Tools;
use cofferdam_proto::host::{CallToolRequest, CallToolResponse, ListToolsRequest, ListToolsResponse, Tool, ToolResult};
use cofferdam_tool::{Answer, Descriptor, Progress};
use futures_util::{Stream, stream};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;
use tonic::{Request, Response, Status};

use super::{Shared, status};
use crate::mcp::Facts;

#[derive(Debug)]
pub(crate) struct ToolsService {
    pub(crate) shared: Shared,
}

type ListStream = Pin<Box<dyn Stream<Item = Result<ListToolsResponse, Status>> + Send>>;
type CallStream = Pin<Box<dyn Stream<Item = Result<CallToolResponse, Status>> + Send>>;

/// A call that runs in a task of its own, so that it comes to its end and leaves a receipt in the log also when its client
/// goes away. Dropping this cancels it.
struct Running {
    progress: mpsc::Receiver<Progress>,
    task: Option<JoinHandle<Answer>>,
    _cancel: DropGuard,
}

impl Running {
    /// What there is to tell: progress while the call runs, at last its result.
    async fn next(&mut self) -> Option<Result<Event, Status>> {
        // Open until the call has ended.
        if let Some(mut told) = self.progress.recv().await {
            while let Ok(newer) = self.progress.try_recv() {
                told = newer;
            }
            return Some(Ok(progress(told)));
        }
        let answer = self.task.take()?.await;
        Some(answer.map(result).map_err(|error| status::of_host(&error)))
    }
}

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
        let (sender, progress) = mpsc::channel(Progress::MOST);
        let token = cancel.clone();
        let task = self.shared.turns.spawn(async move { agent.call(&name, input, sender, &token).await });
        // Dropped with the stream, when the client is gone.
        let running = Running { progress, task: Some(task), _cancel: cancel.drop_guard() };
        let events = stream::unfold(running, |mut running| async {
            let event = running.next().await?;
            Some((event.map(|event| CallToolResponse { event: Some(event) }), running))
        });
        Ok(Response::new(Box::pin(events)))
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
        let Facts { descriptor, read_only, open_world } = Facts::of(tool);
        let Descriptor { name, description, input_schema, output_schema } = descriptor;
        let output_schema = output_schema.map(|schema| schema.to_string()).unwrap_or_default();
        Tool { name, description, input_schema: input_schema.to_string(), output_schema, read_only, open_world }
    };
    ListToolsResponse { tools: agent.catalog().iter().map(tool).collect() }
}

fn progress(told: Progress) -> Event {
    let Progress { done, total, message } = told;
    Event::Progress(cofferdam_proto::host::Progress { done, total, message })
}

fn result(answer: Answer) -> Event {
    let Answer { content, failed, structured, receipt } = answer;
    let structured = structured.map(|structured| structured.to_string()).unwrap_or_default();
    let receipt = receipt.and_then(|receipt| serde_json::to_string(&receipt).ok()).unwrap_or_default();
    Event::Result(ToolResult { content, failed, structured, receipt })
}
