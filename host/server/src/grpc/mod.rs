//! gRPC: wire to domain and back.

mod agents;
mod answers;
pub(crate) mod connection;
mod deadline;
mod received;
mod runtime;
mod sessions;
mod status;
mod tools;

use std::sync::Arc;

use cofferdam_agent::{Agent, Agents};
use cofferdam_proto::DESCRIPTORS;
use cofferdam_proto::agent::agent_runtime_server::AgentRuntimeServer;
use cofferdam_proto::host::agents_server::AgentsServer;
use cofferdam_proto::host::sessions_server::SessionsServer;
use cofferdam_proto::host::tools_server::ToolsServer;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tonic::{Request, Status};

use self::answers::AllAnswers;
use crate::agent_key::AGENT_KEY;
use crate::error::ServerError;

/// The largest message that is read, in bytes (12 MiB). Prompts have a smaller limit with a better
/// sentence; this one bounds the memory of a request.
const MAX_REQUEST: usize = 12 << 20;

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
    answers: Arc<AllAnswers>,
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
        }
    }

    /// Refuses new work on a host that is ending.
    fn open(&self) -> Result<(), Status> {
        if self.ending.is_cancelled() {
            return Err(Status::unavailable(format!(
                "the host is ending: it waits for {} turns and calls, and takes no new ones; try \
                    again when it has been \
                 started again",
                self.turns.len()
            )));
        }
        Ok(())
    }

    /// The agent that the metadata of a request names; the only one there is, when it names none.
    fn agent<T>(&self, request: &Request<T>) -> Result<Arc<Agent>, Status> {
        let asked = match request.metadata().get(AGENT_KEY) {
            Some(value) => Some(value.to_str().map_err(|_| {
                Status::invalid_argument(format!("metadata {AGENT_KEY} is not a name or an id"))
            })?),
            None => None,
        };
        self.agents
            .find(asked)
            .map_err(|error| status::of_agent(&error))
    }
}

/// Every service of the host.
pub(crate) async fn routes(shared: &Shared) -> Result<Routes, ServerError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health
        .set_serving::<AgentRuntimeServer<runtime::Runtime>>()
        .await;
    health
        .set_serving::<AgentsServer<agents::AgentsService>>()
        .await;
    health
        .set_serving::<ToolsServer<tools::ToolsService>>()
        .await;
    health
        .set_serving::<SessionsServer<sessions::SessionsService>>()
        .await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let wrong = |error: tonic_reflection::server::Error| ServerError::Reflection(error.to_string());
    let runtime = AgentRuntimeServer::new(runtime::Runtime {
        shared: shared.clone(),
    });
    let agents = AgentsServer::new(agents::AgentsService {
        shared: shared.clone(),
    });
    let tools = ToolsServer::new(tools::ToolsService {
        shared: shared.clone(),
    });
    let sessions = SessionsServer::new(sessions::SessionsService {
        shared: shared.clone(),
    });
    Ok(Routes::new(health_service)
        .add_service(reflection().build_v1().map_err(wrong)?)
        // Python's and older clients ask for this version alone.
        .add_service(reflection().build_v1alpha().map_err(wrong)?)
        .add_service(runtime.max_decoding_message_size(MAX_REQUEST))
        .add_service(agents.max_decoding_message_size(MAX_REQUEST))
        .add_service(sessions.max_decoding_message_size(MAX_REQUEST))
        .add_service(tools.max_decoding_message_size(MAX_REQUEST)))
}
