//! gRPC: wire to domain and back.

mod agents;
mod answers;
mod approvals;
mod authorize;
mod chat;
pub(crate) mod connection;
mod contract;
pub(crate) mod convert;
mod cut;
mod deadline;
pub(crate) mod details;
pub(crate) mod drop_in;
mod images;
mod import;
mod notes;
mod objects;
mod reach;
mod received;
mod review_rows;
mod reviews;
mod revocable;
mod rpcs;
mod runtime;
mod sessions;
pub(crate) mod shared;
mod status;
mod tokens;
mod tools;
mod turns;

use std::sync::Arc;

use cofferdam_proto::DESCRIPTORS;
use cofferdam_proto::agent::agent_runtime_server::AgentRuntimeServer;
use cofferdam_proto::host::agents_server::AgentsServer;
use cofferdam_proto::host::approvals_server::ApprovalsServer;
use cofferdam_proto::host::chat_server::ChatServer;
use cofferdam_proto::host::images_server::ImagesServer;
use cofferdam_proto::host::reviews_server::ReviewsServer;
use cofferdam_proto::host::sessions_server::SessionsServer;
use cofferdam_proto::host::tokens_server::TokensServer;
use cofferdam_proto::host::tools_server::ToolsServer;
use tonic::service::Routes;
use tonic_health::ServingStatus;

use self::contract::ToolService;
use self::received::MAX_REQUEST;
pub(crate) use self::shared::Shared;
use crate::contract::door::Contract;
use crate::error::ServerError;
use crate::token_book::TokenBook;

/// Standard services that every host has, for its health.
const STANDARD: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// Every service of the host.
pub(crate) async fn routes(
    shared: &Shared,
    book: Arc<TokenBook>,
    contract: Arc<Contract>,
) -> Result<Routes, ServerError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health
        .set_serving::<AgentRuntimeServer<runtime::Runtime>>()
        .await;
    health
        .set_serving::<AgentsServer<agents::AgentsService>>()
        .await;
    health.set_serving::<ChatServer<chat::ChatService>>().await;
    health
        .set_serving::<ToolsServer<tools::ToolsService>>()
        .await;
    health
        .set_serving::<ImagesServer<images::ImagesService>>()
        .await;
    health
        .set_serving::<SessionsServer<sessions::SessionsService>>()
        .await;
    health
        .set_serving::<ApprovalsServer<approvals::ApprovalsService>>()
        .await;
    health
        .set_serving::<ReviewsServer<reviews::ReviewsService>>()
        .await;
    health
        .set_serving::<TokensServer<tokens::TokensService>>()
        .await;
    health.set_serving::<ToolService>().await;
    // The standard services have no types to name them by.
    for service in STANDARD {
        health
            .set_service_status(service, ServingStatus::Serving)
            .await;
    }
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
    let chat = ChatServer::new(chat::ChatService {
        shared: shared.clone(),
    });
    let tools = ToolsServer::new(tools::ToolsService {
        shared: shared.clone(),
    });
    let images = ImagesServer::new(images::ImagesService {
        shared: shared.clone(),
    });
    let sessions = SessionsServer::new(sessions::SessionsService {
        shared: shared.clone(),
    });
    let approvals = ApprovalsServer::new(approvals::ApprovalsService {
        shared: shared.clone(),
    });
    let reviews = ReviewsServer::new(reviews::ReviewsService {
        shared: shared.clone(),
    });
    let tokens = TokensServer::new(tokens::TokensService { book });
    Ok(Routes::new(health_service)
        .add_service(reflection().build_v1().map_err(wrong)?)
        // Python's and older clients ask for this version alone.
        .add_service(reflection().build_v1alpha().map_err(wrong)?)
        .add_service(ToolService::new(contract))
        .add_service(runtime.max_decoding_message_size(MAX_REQUEST))
        .add_service(agents.max_decoding_message_size(MAX_REQUEST))
        .add_service(approvals.max_decoding_message_size(MAX_REQUEST))
        .add_service(chat.max_decoding_message_size(MAX_REQUEST))
        .add_service(images.max_decoding_message_size(MAX_REQUEST))
        .add_service(reviews.max_decoding_message_size(reviews::MAX_MESSAGE))
        .add_service(sessions.max_decoding_message_size(MAX_REQUEST))
        .add_service(tokens.max_decoding_message_size(MAX_REQUEST))
        .add_service(tools.max_decoding_message_size(MAX_REQUEST)))
}
