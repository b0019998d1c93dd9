//! State that the services share.

use std::sync::Arc;

use cofferdam_agent::{Agent, Agents, Summary};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::{Request, Status};

use super::answers::AllAnswers;
use super::convert;
use super::reach::within;
use super::status;
use crate::agent_key::AGENT_KEY;
use crate::edge::principal::Reach;
use crate::runtime_doors::RuntimeDoors;

/// State that the services share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) agents: Arc<Agents>,
    /// Turns and calls that run, so that a host that ends waits for them.
    pub(crate) turns: TaskTracker,
    /// Cancelled when the host takes no new turns and calls.
    pub(crate) ending: CancellationToken,
    /// Ends every turn and call, and what clients follow.
    pub(crate) stop: CancellationToken,
    pub(crate) answers: Arc<AllAnswers>,
    /// The agents' own addresses.
    pub(crate) runtime_doors: Arc<RuntimeDoors>,
}

impl Shared {
    /// Nothing runs yet.
    pub(crate) fn new(agents: Arc<Agents>) -> Self {
        let ending = CancellationToken::new();
        let stop = CancellationToken::new();
        Self {
            agents,
            turns: TaskTracker::new(),
            ending,
            stop,
            answers: Arc::new(AllAnswers::new()),
            runtime_doors: RuntimeDoors::new(),
        }
    }

    /// Refuses new work on a host that is ending.
    pub(crate) fn open(&self) -> Result<(), Status> {
        if self.ending.is_cancelled() {
            return Err(Status::unavailable(format!(
                "the host is ending: it waits for {}, and takes no new ones; try again when it has \
                 been started again",
                cofferdam_agent::turns_and_calls(self.turns.len())
            )));
        }
        Ok(())
    }

    /// The agent that the metadata of a request names; the only one there is, when it names none.
    /// One that is being made ready is waited for.
    pub(super) async fn agent<T>(&self, request: &Request<T>) -> Result<Arc<Agent>, Status> {
        let found = self.agents.find(asked(request)?).await;
        found.map_err(|error| status::of_agent(&error))
    }

    /// The same agent whether it runs or not, for what is stored of it.
    pub(super) fn stored_agent<T>(&self, request: &Request<T>) -> Result<Summary, Status> {
        let found = self.agents.summary(asked(request)?);
        found.map_err(|error| status::of_agent(&error))
    }

    /// An agent for a client.
    pub(super) fn on_the_wire(&self, summary: Summary) -> cofferdam_proto::host::Agent {
        let agent = convert::agent(summary);
        let addr = agent.deployment.as_ref().map(|chosen| chosen.addr.clone());
        cofferdam_proto::host::Agent {
            address: addr.unwrap_or_default(),
            address_problem: self.runtime_doors.problem(&agent.id),
            ..agent
        }
    }

    /// The agent that the message of a request names, as far as its principal reaches it; none for
    /// the only one there is.
    pub(super) fn named<T>(
        &self,
        request: &Request<T>,
        asked: &str,
    ) -> Result<Option<String>, Status> {
        let asked = Some(asked).filter(|asked| !asked.is_empty());
        match reach(request)? {
            Reach::Every => Ok(asked.map(str::to_owned)),
            Reach::These(ids) => within(&self.agents, ids, asked)
                .map(|id| Some(id.to_string()))
                .map_err(|refusal| Status::permission_denied(refusal.sentence)),
        }
    }
}

/// The agents that a request may be about.
pub(super) fn reach<T>(request: &Request<T>) -> Result<&Reach, Status> {
    let reach = request.extensions().get::<Reach>();
    reach.ok_or_else(|| Status::permission_denied("nobody has permitted this request"))
}

/// Returns the name or id in the metadata of a request, if there is one.
fn asked<T>(request: &Request<T>) -> Result<Option<&str>, Status> {
    let value = request.metadata().get(AGENT_KEY);
    let text = value.map(|value| value.to_str()).transpose();
    text.map_err(|_| {
        Status::invalid_argument(format!("metadata {AGENT_KEY} is not a name or an id"))
    })
}
