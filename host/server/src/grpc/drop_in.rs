//! The services of a drop-in runtime: that of its one agent, health and reflection. Nothing there
//! starts, stops or creates an agent, because its door asks for no token.

use cofferdam_proto::DESCRIPTORS;
use cofferdam_proto::agent::agent_runtime_server::{AgentRuntimeServer, SERVICE_NAME};
use tonic::service::Routes;

use super::received::MAX_REQUEST;
use super::runtime::Runtime;
use super::shared::Shared;
use crate::error::ServerError;

pub(crate) async fn routes(shared: &Shared) -> Result<Routes, ServerError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<AgentRuntimeServer<Runtime>>().await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name(SERVICE_NAME)
            .with_service_name("grpc.health.v1.Health")
    };
    let wrong = |error: tonic_reflection::server::Error| ServerError::Reflection(error.to_string());
    let runtime = AgentRuntimeServer::new(Runtime {
        shared: shared.clone(),
    });
    Ok(Routes::new(health_service)
        .add_service(reflection().build_v1().map_err(wrong)?)
        // Python's and older clients ask for this version alone.
        .add_service(reflection().build_v1alpha().map_err(wrong)?)
        .add_service(runtime.max_decoding_message_size(MAX_REQUEST)))
}
