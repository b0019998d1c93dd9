//! The other end: commands that talk to a running host.

use std::path::Path;
use std::time::Duration;

use cofferdam_proto::agent::agent_runtime_client::AgentRuntimeClient;
use cofferdam_proto::host::agents_client::AgentsClient;
use cofferdam_proto::host::sessions_client::SessionsClient;
use cofferdam_proto::host::tools_client::ToolsClient;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use crate::error::Failure;
use crate::grpc::AGENT_KEY;
use crate::paths;

/// The largest message that is read, in bytes (64 MiB): text, JSON and receipt of the longest output that a ceiling may
/// allow.
const MAX_MESSAGE: usize = 64 << 20;

/// Time until the host must begin to answer: it does so before it does the work, in milliseconds.
const ANSWER: Duration = Duration::from_secs(10);

/// Time of silence after which the host is asked whether it is still there, and time for it to say so.
const KEEPALIVE: Duration = Duration::from_secs(10);

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
    let endpoint = Endpoint::from_static("http://cofferdam.invalid")
        .connect_timeout(ANSWER)
        .timeout(ANSWER)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_while_idle(true)
        .keep_alive_timeout(KEEPALIVE);
    endpoint.connect_with_connector(connector).await.map_err(|_| unreached(data, &socket))
}

/// Says what is the matter with a host that cannot be connected to.
fn unreached(data: &Path, socket: &Path) -> Failure {
    let socket = socket.display();
    Failure::work(match paths::holder(data) {
        Some(process) => format!(
            "the host (process {process}) takes no commands on {socket}: it is starting or ending, or does not run; try \
             again, or look at that process"
        ),
        None => format!("no host answers on {socket}: start one with `cofferdam serve`"),
    })
}

/// The agents of the host.
pub(crate) async fn agents(data: &Path) -> Result<AgentsClient<Channel>, Failure> {
    Ok(AgentsClient::new(connect(data).await?))
}

/// The runtime of an agent.
pub(crate) async fn runtime(data: &Path) -> Result<AgentRuntimeClient<Channel>, Failure> {
    Ok(AgentRuntimeClient::new(connect(data).await?).max_decoding_message_size(MAX_MESSAGE))
}

/// The sessions of an agent.
pub(crate) async fn sessions(data: &Path) -> Result<SessionsClient<Channel>, Failure> {
    Ok(SessionsClient::new(connect(data).await?))
}

/// The tools of an agent.
pub(crate) async fn tools(data: &Path) -> Result<ToolsClient<Channel>, Failure> {
    Ok(ToolsClient::new(connect(data).await?).max_decoding_message_size(MAX_MESSAGE))
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
