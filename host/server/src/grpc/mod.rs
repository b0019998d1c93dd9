//! gRPC: wire to domain and back.

mod agents;
mod runtime;
mod status;
mod tools;

use std::sync::Arc;

use cofferdam_agent::{Agent, Agents};
use cofferdam_proto::DESCRIPTORS;
use cofferdam_proto::agent::agent_runtime_server::AgentRuntimeServer;
use cofferdam_proto::host::agents_server::AgentsServer;
use cofferdam_proto::host::tools_server::ToolsServer;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tonic::{Request, Status};

use crate::error::Failure;

/// The metadata key that picks an agent by name or id.
pub(crate) const AGENT_KEY: &str = "cofferdam-agent";

/// The largest message that is read, in bytes (12 MiB). Prompts have a smaller limit with a better sentence; this one
/// bounds the memory of a request.
const MAX_REQUEST: usize = 12 << 20;

/// What the services share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) agents: Arc<Agents>,
    /// Turns that run, so that a host that ends waits for them.
    pub(crate) turns: TaskTracker,
    /// Ends every turn.
    pub(crate) stop: CancellationToken,
}

impl Shared {
    /// The agent that the metadata of a request names; the only one there is, when it names none.
    fn agent<T>(&self, request: &Request<T>) -> Result<Arc<Agent>, Status> {
        let asked = match request.metadata().get(AGENT_KEY) {
            Some(value) => Some(
                value
                    .to_str()
                    .map_err(|_| Status::invalid_argument(format!("metadata {AGENT_KEY} is not a name or an id")))?,
            ),
            None => None,
        };
        self.agents.find(asked).map_err(|error| status::of_agent(&error))
    }
}

/// Every service of the host.
pub(crate) async fn routes(shared: &Shared) -> Result<Routes, Failure> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<AgentRuntimeServer<runtime::Runtime>>().await;
    health.set_serving::<AgentsServer<agents::AgentsService>>().await;
    health.set_serving::<ToolsServer<tools::ToolsService>>().await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let wrong = |error| Failure::work(format!("reflection cannot start: {error}"));
    let runtime = AgentRuntimeServer::new(runtime::Runtime { shared: shared.clone() });
    let agents = AgentsServer::new(agents::AgentsService { shared: shared.clone() });
    let tools = ToolsServer::new(tools::ToolsService { shared: shared.clone() });
    Ok(Routes::new(health_service)
        .add_service(reflection().build_v1().map_err(wrong)?)
        // Python's and older clients ask for this version alone.
        .add_service(reflection().build_v1alpha().map_err(wrong)?)
        .add_service(runtime.max_decoding_message_size(MAX_REQUEST))
        .add_service(agents.max_decoding_message_size(MAX_REQUEST))
        .add_service(tools.max_decoding_message_size(MAX_REQUEST)))
}
