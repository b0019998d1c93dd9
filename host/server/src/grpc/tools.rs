//! `cofferdam.v1.Tools`.

use std::pin::Pin;
use std::sync::Arc;

use cofferdam_agent::{Agent, AgentCall, Agents};
use cofferdam_call::{Descriptor, Progress, TraceParent};
use cofferdam_proto::host::call_tool_response::Event;
use cofferdam_proto::host::tools_server;
use cofferdam_proto::host::{
    Attribute, CallToolRequest, CallToolResponse, Capability, ExplainCallRequest,
    ExplainCallResponse, ListCapabilitiesRequest, ListCapabilitiesResponse, ListToolsRequest,
    ListToolsResponse, Tool, ToolResult,
};
use cofferdam_tool::{Answer, AttemptWishes, Explanation, MAX_PROGRESS};
use futures_util::{Stream, StreamExt, stream};
use opentelemetry::context::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;
use tonic::{Request, Response, Status};

use super::answers::AnswerPlace;
use super::rpcs::rpcs;
use super::shared::Shared;
use super::status;
use crate::edge::principal::Principal;
use crate::listed::Listed;
use crate::now::unix_seconds;
use crate::telemetry::trace_context::{context, of_headers};

#[derive(Debug)]
pub(crate) struct ToolsService {
    pub(crate) shared: Shared,
}

type ListStream = Pin<Box<dyn Stream<Item = Result<ListToolsResponse, Status>> + Send>>;
type CallStream = Pin<Box<dyn Stream<Item = Result<CallToolResponse, Status>> + Send>>;

/// A call that runs in a task of its own, so that it comes to its end and leaves a receipt in the
/// log also when its client goes away. Dropping this cancels it and gives its place back.
struct Running {
    progress: mpsc::Receiver<Progress>,
    task: Option<JoinHandle<Answer>>,
    _cancel: DropGuard,
    place: AnswerPlace,
}

impl Running {
    /// Returns the next event: progress while the call runs, at last its result.
    async fn next(&mut self) -> Option<Result<Event, Status>> {
        // Open until the call has ended.
        if let Some(mut told) = self.progress.recv().await {
            while let Ok(newer) = self.progress.try_recv() {
                told = newer;
            }
            return Some(Ok(progress(told)));
        }
        let answer = self.task.take()?.await;
        Some(
            answer
                .map_err(|error| status::of_host(&error))
                .and_then(|answer| {
                    let result = result(answer);
                    self.place.hold(
                        result.content.len() + result.structured.len() + result.receipt.len(),
                    )?;
                    Ok(Event::Result(result))
                }),
        )
    }
}

rpcs! {
    impl tools_server::Tools for ToolsService {
        type ListToolsStream = ListStream;
        type CallToolStream = CallStream;

        rpc list_tools(ListToolsRequest) -> ListStream;
        rpc list_capabilities(ListCapabilitiesRequest) -> ListCapabilitiesResponse;
        rpc call_tool(CallToolRequest) -> CallStream;
        rpc explain_call(ExplainCallRequest) -> ExplainCallResponse;
    }
}

impl ToolsService {
    async fn list_tools(
        &self,
        request: Request<ListToolsRequest>,
    ) -> Result<Response<ListStream>, Status> {
        // From before the agent is looked up, so that no change is missed.
        let changes = self.shared.agents.changes();
        let agent = self.shared.agent(&request).await?;
        let place = self.shared.answers.followers.begin(agent.id())?;
        let agents = Arc::clone(&self.shared.agents);
        let stop = self.shared.stop.clone().cancelled_owned();
        let lists = stream::once(std::future::ready(Ok(list(&agent))));
        let later = stream::unfold(
            (changes, agents, agent),
            |(mut changes, agents, agent)| async {
                let next = next(&mut changes, &agents, &agent).await?;
                Some(match next {
                    Ok(agent) => (Ok(list(&agent)), (changes, agents, agent)),
                    Err(status) => (Err(status), (changes, agents, agent)),
                })
            },
        );
        let lists = StreamExt::chain(lists, later).take_until(stop);
        Ok(place.keep_with(Response::new(Box::pin(lists))))
    }

    async fn list_capabilities(
        &self,
        _: Request<ListCapabilitiesRequest>,
    ) -> Result<Response<ListCapabilitiesResponse>, Status> {
        Ok(Response::new(ListCapabilitiesResponse {
            generated_at: unix_seconds(),
            capabilities: capabilities(&self.shared),
        }))
    }

    async fn call_tool(
        &self,
        request: Request<CallToolRequest>,
    ) -> Result<Response<CallStream>, Status> {
        let agent = self.shared.agent(&request).await?;
        self.shared.open()?;
        let place = self.shared.answers.calls.begin(agent.id())?;
        // The layers before this one have put it there.
        let principal = request.extensions().get::<Principal>();
        let principal = principal.map(Principal::recorded).unwrap_or_default();
        let trace = of_headers(request.metadata().as_ref());
        let CallToolRequest {
            name,
            input,
            approval,
        } = request.into_inner();
        let cancel = self.shared.stop.child_token();
        let (sender, progress) = mpsc::channel(MAX_PROGRESS);
        let call = AgentCall {
            tool: name,
            input,
            approval: Some(approval).filter(|approval| !approval.is_empty()),
            principal,
            attempts: AttemptWishes::default(),
            trace: trace.map(TraceParent::trace),
            progress: sender,
            cancel: cancel.clone(),
        };
        let task = self
            .shared
            .turns
            .spawn(async move { agent.call(call).await }.with_context(context(trace)));
        // Dropped with the stream, when the client is gone.
        let running = Running {
            progress,
            task: Some(task),
            _cancel: cancel.drop_guard(),
            place,
        };
        let events = stream::unfold(running, |mut running| async {
            let event = running.next().await?;
            Some((
                event.map(|event| CallToolResponse { event: Some(event) }),
                running,
            ))
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn explain_call(
        &self,
        request: Request<ExplainCallRequest>,
    ) -> Result<Response<ExplainCallResponse>, Status> {
        let agent = self.shared.agent(&request).await?;
        let ExplainCallRequest {
            name,
            input,
            session_id,
        } = request.into_inner();
        let input = Some(input).filter(|input| !input.is_empty());
        // Its policies are the operator's, and its input is bounded: no guest has a say in it.
        let explained = agent.explain(&name, input, &session_id);
        let Explanation { decided, values } =
            explained.map_err(|error| Status::invalid_argument(error.to_string()))?;
        let attribute = |(place, value)| Attribute { place, value };
        Ok(Response::new(ExplainCallResponse {
            decision: decided.verdict.as_str().to_owned(),
            policies: decided.policies,
            reason: decided.reason,
            attributes: values.into_iter().map(attribute).collect(),
        }))
    }
}

/// The capabilities of this host, by id. Each statement is true of every host of this version,
/// unless its source is `config`.
fn capabilities(shared: &Shared) -> Vec<Capability> {
    let of_build = |id: &str, enabled, description: &str| Capability {
        id: id.to_owned(),
        enabled,
        description: description.to_owned(),
        source: "build".to_owned(),
    };
    let serves = !shared.ending.is_cancelled();
    vec![
        of_build(
            "contract.idempotent_redelivery",
            true,
            "A request of the tool contract that comes again within ten minutes, of a tool that \
             writes or reaches the network, gets the result of the first.",
        ),
        of_build(
            "contract.v1.grpc",
            serves,
            "orloj.tool.v1.ToolService/Execute with JSON.",
        ),
        of_build(
            "contract.v1.http",
            serves,
            "POST /v1/tools/execute on the same listeners.",
        ),
        of_build(
            "core.retry",
            true,
            "A failed call is made again as the operator and the agent's author decide.",
        ),
        of_build(
            "core.sandbox.wasm",
            true,
            "Every tool runs in a fresh WebAssembly sandbox with limits on fuel, time, memory, \
             files and network.",
        ),
        of_build(
            "core.sandbox.container",
            false,
            "This host runs no tools in containers.",
        ),
    ]
}

/// Waits until `agent` was made anew. Nothing comes any more when the host ends.
async fn next(
    changes: &mut watch::Receiver<()>,
    agents: &Agents,
    agent: &Arc<Agent>,
) -> Option<Result<Arc<Agent>, Status>> {
    loop {
        changes.changed().await.ok()?;
        match agents.find(Some(agent.id())).await {
            Ok(new) if Arc::ptr_eq(&new, agent) => {}
            Ok(new) => return Some(Ok(new)),
            Err(error) => return Some(Err(status::of_agent(&error))),
        }
    }
}

fn list(agent: &Agent) -> ListToolsResponse {
    let tool = |tool: &cofferdam_tool::Tool| {
        let Listed {
            descriptor,
            read_only,
            open_world,
        } = Listed::of(tool);
        let Descriptor {
            name,
            description,
            input_schema,
            output_schema,
        } = descriptor;
        let output_schema = output_schema
            .map(|schema| schema.to_string())
            .unwrap_or_default();
        Tool {
            name: name.into(),
            description,
            input_schema: input_schema.to_string(),
            output_schema,
            read_only,
            open_world,
        }
    };
    ListToolsResponse {
        tools: agent.toolbox().iter().map(|held| tool(held)).collect(),
    }
}

fn progress(told: Progress) -> Event {
    let Progress {
        done,
        total,
        message,
    } = told;
    Event::Progress(cofferdam_proto::host::Progress {
        done,
        total,
        message,
    })
}

fn result(answer: Answer) -> ToolResult {
    let Answer {
        content,
        failed,
        is_json,
        blocks,
        structured,
        receipt,
        unmade: _,
    } = answer;
    let structured = if is_json {
        content.clone()
    } else {
        structured.unwrap_or_default()
    };
    let blocks = if blocks.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&blocks).unwrap_or_default()
    };
    let receipt = receipt
        .and_then(|receipt| serde_json::to_string(&receipt).ok())
        .unwrap_or_default();
    ToolResult {
        content,
        failed,
        structured,
        receipt,
        blocks,
    }
}
