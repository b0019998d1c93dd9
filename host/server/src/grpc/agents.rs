//! `cofferdam.v1.Agents`.

use std::pin::Pin;
use std::sync::Arc;

use cofferdam_agent::{AgentError, NewAgent, Step, Summary};
use cofferdam_proto::host::agents_server;
use cofferdam_proto::host::create_agent_response::Event;
use cofferdam_proto::host::{
    Agent, CreateAgentRequest, CreateAgentResponse, CreateStep, GetAgentRequest, GetAgentResponse,
    GetAgentStatsRequest, GetAgentStatsResponse, ListAgentsRequest, ListAgentsResponse,
    RemoveAgentRequest, RemoveAgentResponse, RestartAgentRequest, RestartAgentResponse,
    StartAgentRequest, StartAgentResponse, StopAgentRequest, StopAgentResponse, ToolStats,
    WatchAgentRequest, WatchAgentResponse,
};
use cofferdam_store::State;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status};

use super::convert;
use super::reach::includes;
use super::rpcs::rpcs;
use super::shared::{self, Shared};
use super::status;

/// Steps between a creation and its client. One that is behind misses some.
const STEPS: usize = 16;

#[derive(Debug)]
pub(crate) struct AgentsService {
    pub(crate) shared: Shared,
}

type CreateStream = Pin<Box<dyn Stream<Item = Result<CreateAgentResponse, Status>> + Send>>;
type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchAgentResponse, Status>> + Send>>;

/// A creation that runs in a task of its own.
struct Creation {
    steps: mpsc::Receiver<Step>,
    task: Option<JoinHandle<Result<Summary, AgentError>>>,
    shared: Shared,
}

impl Creation {
    /// The next event: steps while it runs, at last the agent.
    async fn next(&mut self) -> Option<Result<Event, Status>> {
        if let Some(step) = self.steps.recv().await {
            let Step {
                agent,
                state,
                message,
            } = step;
            let status = state.as_str().to_owned();
            return Some(Ok(Event::Step(CreateStep {
                status,
                message,
                agent,
            })));
        }
        Some(match self.task.take()?.await {
            Ok(Ok(summary)) => Ok(Event::Agent(self.shared.on_the_wire(summary))),
            Ok(Err(error)) => Err(status::of_agent(&error)),
            Err(error) => Err(status::of_host(&error)),
        })
    }
}

rpcs! {
    impl agents_server::Agents for AgentsService {
        type CreateAgentStream = CreateStream;
        type WatchAgentStream = WatchStream;

        rpc list_agents(ListAgentsRequest) -> ListAgentsResponse;
        rpc get_agent(GetAgentRequest) -> GetAgentResponse;
        rpc create_agent(CreateAgentRequest) -> CreateStream;
        rpc start_agent(StartAgentRequest) -> StartAgentResponse;
        rpc stop_agent(StopAgentRequest) -> StopAgentResponse;
        rpc restart_agent(RestartAgentRequest) -> RestartAgentResponse;
        rpc remove_agent(RemoveAgentRequest) -> RemoveAgentResponse;
        rpc watch_agent(WatchAgentRequest) -> WatchStream;
        rpc get_agent_stats(GetAgentStatsRequest) -> GetAgentStatsResponse;
    }
}

impl AgentsService {
    async fn list_agents(
        &self,
        request: Request<ListAgentsRequest>,
    ) -> Result<Response<ListAgentsResponse>, Status> {
        let reach = shared::reach(&request)?;
        let mut agents = self.shared.agents.list();
        agents.retain(|agent| includes(reach, &agent.id));
        // The choices for a thousand agents are more than a message may have.
        let agent = |summary| Agent {
            deployment: None,
            // A list says the same before and after a restart of the host.
            agentfile: String::new(),
            ..self.shared.on_the_wire(summary)
        };
        let agents = agents.into_iter().map(agent).collect();
        let ending = self.shared.ending.is_cancelled();
        let running = u32::try_from(self.shared.turns.len()).unwrap_or(u32::MAX);
        Ok(Response::new(ListAgentsResponse {
            agents,
            ending,
            running,
        }))
    }

    async fn get_agent(
        &self,
        request: Request<GetAgentRequest>,
    ) -> Result<Response<GetAgentResponse>, Status> {
        let asked = self.shared.named(&request, &request.get_ref().agent)?;
        let summary = cofferdam_agent::described(&self.shared.agents, asked.as_deref());
        let agent = Some(self.answer(summary)?);
        Ok(Response::new(GetAgentResponse { agent }))
    }

    async fn create_agent(
        &self,
        request: Request<CreateAgentRequest>,
    ) -> Result<Response<CreateStream>, Status> {
        self.shared.open()?;
        let CreateAgentRequest {
            name,
            agentfile,
            deployment,
            replace,
            image,
            home,
            keep,
        } = request.into_inner();
        let deployment = convert::deployment(deployment.unwrap_or_default())?;
        deployment
            .check()
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let addr = deployment.addr;
        let new = NewAgent {
            name: Some(name).filter(|name| !name.is_empty()),
            source: convert::source(&agentfile, &image, &home)?,
            deployment,
            replace,
            keep,
        };
        let place = self.shared.answers.creations.begin("")?;
        let runtime_doors = Arc::clone(&self.shared.runtime_doors);
        if let Some(addr) = addr {
            let reserved = runtime_doors.reserve(addr, replace).await;
            reserved.map_err(|error| status::of_runtime_door(&error))?;
        }
        let (sender, steps) = mpsc::channel(STEPS);
        let agents = self.shared.agents.clone();
        let task = Some(tokio::spawn(async move {
            // The work goes on when its client has gone, and so it keeps its place.
            let _place = place;
            let created = agents.create(new, sender).await;
            if let Some(addr) = addr {
                runtime_doors.give_up(addr);
            }
            created
        }));
        let shared = self.shared.clone();
        let creation = Creation {
            steps,
            task,
            shared,
        };
        let events = stream::unfold(creation, |mut creation| async {
            let event = creation.next().await?;
            Some((
                event.map(|event| CreateAgentResponse { event: Some(event) }),
                creation,
            ))
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn start_agent(
        &self,
        request: Request<StartAgentRequest>,
    ) -> Result<Response<StartAgentResponse>, Status> {
        self.shared.open()?;
        let asked = request.into_inner().agent;
        let started = self.shared.agents.start(&asked).await;
        let agent = Some(self.answer(started)?);
        Ok(Response::new(StartAgentResponse { agent }))
    }

    async fn stop_agent(
        &self,
        request: Request<StopAgentRequest>,
    ) -> Result<Response<StopAgentResponse>, Status> {
        let asked = request.into_inner().agent;
        let stopped = self.shared.agents.stop(&asked).await;
        let agent = Some(self.answer(stopped)?);
        Ok(Response::new(StopAgentResponse { agent }))
    }

    async fn restart_agent(
        &self,
        request: Request<RestartAgentRequest>,
    ) -> Result<Response<RestartAgentResponse>, Status> {
        self.shared.open()?;
        let asked = request.into_inner().agent;
        let restarted = self.shared.agents.restart(&asked).await;
        let agent = Some(self.answer(restarted)?);
        Ok(Response::new(RestartAgentResponse { agent }))
    }

    async fn remove_agent(
        &self,
        request: Request<RemoveAgentRequest>,
    ) -> Result<Response<RemoveAgentResponse>, Status> {
        let RemoveAgentRequest {
            agent: asked,
            force,
        } = request.into_inner();
        let removed = self.shared.agents.remove(&asked, force).await;
        let agent = Some(self.answer(removed)?);
        Ok(Response::new(RemoveAgentResponse { agent }))
    }

    async fn watch_agent(
        &self,
        request: Request<WatchAgentRequest>,
    ) -> Result<Response<WatchStream>, Status> {
        let asked = self.shared.named(&request, &request.get_ref().agent)?;
        let asked = asked.as_deref();
        let wrong = |error| status::of_agent(&error);
        let id = self.shared.agents.summary(asked).map_err(wrong)?.id;
        let status = self.shared.agents.watch(asked).map_err(wrong)?;
        let place = self.shared.answers.watchers.begin(&id)?;
        let stop = self.shared.stop.clone().cancelled_owned();
        let told = stream::unfold(Some((status, true)), |watched| async {
            let (mut status, is_first) = watched?;
            let status_now = next(&mut status, is_first).await?;
            let is_last = status_now.state == State::Removed;
            let watched = Some((status, false)).filter(|_| !is_last);
            Some((Ok(convert::status(&status_now)), watched))
        });
        Ok(place.keep_with(Response::new(Box::pin(told.take_until(stop)))))
    }

    async fn get_agent_stats(
        &self,
        request: Request<GetAgentStatsRequest>,
    ) -> Result<Response<GetAgentStatsResponse>, Status> {
        let asked = self.shared.named(&request, &request.get_ref().agent)?;
        let usage = self.shared.agents.usage(asked.as_deref());
        let cofferdam_agent::Usage { tools, turns } =
            usage.map_err(|error| status::of_agent(&error))?;
        let stats = |(tool, usage): (String, cofferdam_tool::ToolUsage)| {
            let cofferdam_tool::ToolUsage {
                calls,
                failed,
                fuel,
                peak_memory,
                wall_us,
                cpu_us,
                refusals,
            } = usage;
            ToolStats {
                tool,
                calls,
                failed,
                fuel,
                peak_memory,
                wall_us,
                cpu_us,
                refusals,
            }
        };
        Ok(Response::new(GetAgentStatsResponse {
            tools: tools.into_iter().map(stats).collect(),
            turns: u32::try_from(turns).unwrap_or(u32::MAX),
        }))
    }

    /// An agent for its client.
    fn answer(&self, summary: Result<Summary, AgentError>) -> Result<Agent, Status> {
        summary
            .map(|summary| self.shared.on_the_wire(summary))
            .map_err(|error| status::of_agent(&error))
    }
}

/// The status as it is, and then the next one that is different.
async fn next(
    status: &mut watch::Receiver<cofferdam_agent::Status>,
    is_first: bool,
) -> Option<cofferdam_agent::Status> {
    if !is_first {
        status.changed().await.ok()?;
    }
    Some(status.borrow_and_update().clone())
}
