//! The other end: commands that talk to a running host.

use std::path::Path;

use cofferdam_proto::agent::agent_runtime_client::AgentRuntimeClient;
use cofferdam_proto::host::agents_client::AgentsClient;
use cofferdam_proto::host::tools_client::ToolsClient;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use crate::error::Failure;
use crate::grpc::AGENT_KEY;
use crate::paths;

/// The largest result of a tool that is read, in bytes (64 MiB): text, JSON and receipt of the longest output that a
/// ceiling may allow.
const MAX_RESULT: usize = 64 << 20;

/// Connects to the host that works in `data`, through its socket.
async fn connect(data: &Path) -> Result<Channel, Failure> {
    let socket = paths::socket(data);
    let connector = service_fn({
        let socket = socket.clone();
        move |_: Uri| {
            let socket = socket.clone();
            async move { tokio::net::UnixStream::connect(socket).await.map(hyper_util::rt::TokioIo::new) }
        }
    });
    // The address is never looked up: the connector above goes to the socket.
    let endpoint = Endpoint::from_static("http://cofferdam.invalid");
    endpoint.connect_with_connector(connector).await.map_err(|_| {
        Failure::work(format!("no host answers on {}: start one with `cofferdam serve`", socket.display()))
    })
}

/// The agents of the host.
pub(crate) async fn agents(data: &Path) -> Result<AgentsClient<Channel>, Failure> {
    Ok(AgentsClient::new(connect(data).await?))
}

/// The runtime of an agent.
pub(crate) async fn runtime(data: &Path) -> Result<AgentRuntimeClient<Channel>, Failure> {
    Ok(AgentRuntimeClient::new(connect(data).await?))
}

/// The tools of an agent.
pub(crate) async fn tools(data: &Path) -> Result<ToolsClient<Channel>, Failure> {
    Ok(ToolsClient::new(connect(data).await?).max_decoding_message_size(MAX_RESULT))
}

/// A request to one agent; to the only one there is, when none is named.
pub(crate) fn to_agent<T>(agent: Option<&str>, message: T) -> Result<tonic::Request<T>, Failure> {
    let mut request = tonic::Request::new(message);
    if let Some(agent) = agent {
        let value = MetadataValue::try_from(agent)
            .map_err(|_| Failure::usage(format!("`{agent}` is not the name of an agent")))?;
        request.metadata_mut().insert(AGENT_KEY, value);
    }
    Ok(request)
}
