//! An envelope taken all the way, whichever door it came through.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cofferdam_agent::{Agent, AgentCall};
use cofferdam_tool::Effect;
use opentelemetry::context::FutureExt;
use tokio::sync::mpsc;

use super::code::Code;
use super::deliveries::{Deliveries, Delivery, DeliveryKey};
use super::echo::{Echo, VERSION};
use super::failure::Failure;
use super::logged::Logged;
use super::outcome;
use super::prepared::Prepared;
use super::request::{Envelope, MAX_ENVELOPE, NoEnvelope, Request};
use super::response::{Ended, Response};
use crate::approval_key::APPROVAL_KEY;
use crate::edge::holdings::Holdings;
use crate::edge::principal::Principal;
use crate::grpc::shared::Shared;
use crate::telemetry::trace_context::context;

/// The longest id of a question, in bytes. A UUID has 36.
const MAX_APPROVAL: usize = 64;

/// Serves tool contract v1 for the agents of a host.
#[derive(Debug)]
pub(crate) struct Contract {
    shared: Shared,
    deliveries: Arc<Deliveries>,
}

/// A request as a door has it.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// The envelope.
    pub(crate) body: Vec<u8>,
    /// The version that stands beside it; none where the door has none.
    pub(crate) version: Option<String>,
    /// The agent that stands beside it, by name or id.
    pub(crate) agent: Option<String>,
    /// The approval that stands beside it: the contract has no field for one.
    pub(crate) approval: Option<String>,
    pub(crate) principal: Principal,
}

/// The facts about a request that are not in its envelope.
#[derive(Debug)]
struct Beside {
    agent: Option<String>,
    approval: Option<String>,
    principal: Principal,
}

/// The envelope that answers a request.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The envelope.
    pub(crate) body: Vec<u8>,
    /// Kept until it is delivered.
    pub(crate) holdings: Holdings,
}

impl Contract {
    /// Serves the agents of `shared`.
    pub(crate) fn new(shared: Shared) -> Arc<Self> {
        Arc::new(Self {
            shared,
            deliveries: Arc::default(),
        })
    }

    /// Answers a request: every failure of a request is in the envelope of its response.
    ///
    /// # Errors
    ///
    /// If it is no request at all.
    pub(crate) async fn execute(&self, arrival: Arrival) -> Result<Reply, NoEnvelope> {
        let Arrival {
            body,
            version,
            agent,
            approval,
            principal,
        } = arrival;
        let Envelope { echo, request } = Envelope::read(body)?;
        let begun = Instant::now();
        let holdings = Holdings::default();
        let ended = match beside(version.as_deref()).and(request) {
            Ok(request) => {
                let logged = Logged::begin(&request, &echo);
                let beside = Beside {
                    agent,
                    approval,
                    principal,
                };
                let ended = self.run(request, &echo, beside, &holdings).await;
                let mut ended = ended.unwrap_or_else(Ended::refused);
                ended.duration_ms = millis(begun.elapsed());
                logged.end(&echo, &ended);
                ended
            }
            Err(failure) => Ended::refused(failure),
        };
        Ok(Reply {
            body: self.encoded(&echo, ended),
            holdings,
        })
    }

    async fn run(
        &self,
        request: Request,
        echo: &Echo,
        beside: Beside,
        holdings: &Holdings,
    ) -> Result<Ended, Failure> {
        let Beside {
            agent,
            approval,
            principal,
        } = beside;
        if let Err(refused) = self.shared.open() {
            return Err(Failure::new(Code::ExecutionFailed, refused.message()));
        }
        if approval.as_ref().is_some_and(|id| id.len() > MAX_APPROVAL) {
            return Err(Failure::field(APPROVAL_KEY, "the id of a question"));
        }
        let agent = self.agent(agent.as_deref(), &request.agent).await?;
        let key = DeliveryKey {
            caller: principal.name(),
            agent: agent.id().to_owned(),
            request_id: echo.request_id.clone(),
        };
        let may_change = approval.is_some();
        let prepared = Prepared {
            approval,
            ..Prepared::new(agent, request, key.digest())?
        };
        let place = self.shared.answers.calls.begin(prepared.agent.id());
        let mut place =
            place.map_err(|refused| Failure::new(Code::ExecutionFailed, refused.message()))?;
        let ended = match prepared.tool.effect() {
            Effect::Pure | Effect::Read => self.call(prepared, echo, &principal).await,
            Effect::Write | Effect::External => {
                let content = prepared.content();
                match self.deliveries.begin(key, content).await {
                    Delivery::First(running) => {
                        let ended = self.call(prepared, echo, &principal).await;
                        // With the right approval, or once there is one, it ends differently.
                        if !(may_change && ended.is_refused()) {
                            running.end(&ended);
                        }
                        ended
                    }
                    Delivery::Again(ended) => Ended::clone(&ended),
                    Delivery::NameTaken => {
                        let expected = "a name that no other request had in the last ten minutes";
                        return Err(Failure::field("request_id", expected));
                    }
                }
            }
        };
        place
            .hold(ended.size())
            .map_err(|refused| Failure::new(Code::ExecutionFailed, refused.message()))?;
        holdings.keep(place);
        Ok(ended)
    }

    /// The agent that a request is for. The two places that may name it have to agree.
    async fn agent(&self, beside: Option<&str>, within: &str) -> Result<Arc<Agent>, Failure> {
        let agents = &self.shared.agents;
        let within = Some(within).filter(|name| !name.is_empty());
        let found = agents.find(beside.or(within)).await;
        let agent = found.map_err(|error| outcome::of_agent(&error))?;
        match within {
            Some(name) if name != agent.name() && name != agent.id() => {
                let message = format!(
                    "`agent` of the request is `{name}`, and the request is for agent `{}`: name \
                     the same one, or leave one out",
                    agent.name()
                );
                let failure = Failure::new(Code::InvalidInput, message);
                Err(failure
                    .with("field", "agent")
                    .with("expected", agent.name()))
            }
            _ => Ok(agent),
        }
    }

    /// Runs a call in a task of its own, so that it comes to its end and leaves a receipt also when
    /// its client goes away. Dropping this stops the guest.
    async fn call(&self, prepared: Prepared, echo: &Echo, principal: &Principal) -> Ended {
        let Prepared {
            agent,
            tool,
            input,
            attempts,
            approval,
        } = prepared;
        let cancel = self.shared.stop.child_token();
        let _stop = cancel.clone().drop_guard();
        // Nothing of this contract tells of progress.
        let (progress, _) = mpsc::channel(1);
        let call = AgentCall {
            tool: tool.name().to_owned(),
            input,
            approval,
            principal: principal.recorded(),
            attempts,
            trace: echo.trace.id(),
            progress,
            cancel,
        };
        let context = context(echo.trace.parent());
        let task = self
            .shared
            .turns
            .spawn(async move { agent.call(call).await }.with_context(context));
        match task.await {
            Ok(answer) => {
                let made = answer
                    .receipt
                    .as_ref()
                    .map_or(1, |receipt| receipt.attempts);
                Ended {
                    result: outcome::of_answer(answer, &tool),
                    duration_ms: 0,
                    retries: made.saturating_sub(1),
                }
            }
            Err(error) => {
                tracing::error!("a call of tool contract v1 failed in the host: {error}");
                let message = "the host failed; its log says more";
                Ended::refused(Failure::new(Code::ExecutionFailed, message))
            }
        }
    }

    /// The response as it is sent. One that is larger than clients read says so instead.
    fn encoded(&self, echo: &Echo, ended: Ended) -> Vec<u8> {
        let duration_ms = ended.duration_ms;
        let retries = ended.retries;
        let body = serde_json::to_vec(&Response::new(echo, ended)).unwrap_or_default();
        if (1..=MAX_ENVELOPE).contains(&body.len()) {
            return body;
        }
        let message = format!(
            "the response has {} bytes, and clients read at most {MAX_ENVELOPE}: ask the tool for \
             less",
            body.len()
        );
        let ended = Ended {
            result: Err(Failure::new(Code::ExecutionFailed, message).permanent()),
            duration_ms,
            retries,
        };
        serde_json::to_vec(&Response::new(echo, ended)).unwrap_or_default()
    }
}

/// Refuses a version beside the envelope that is not the one that this host speaks.
fn beside(version: Option<&str>) -> Result<(), Failure> {
    match version.map(|version| version.trim().to_lowercase()) {
        Some(version) if version != VERSION => {
            Err(Failure::field("tool_contract_version", VERSION))
        }
        _ => Ok(()),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
