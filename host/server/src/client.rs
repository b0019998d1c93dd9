//! The other end: it talks to a running host, through its socket.

use std::path::Path;
use std::time::Duration;

use cofferdam_proto::agent::agent_runtime_client::AgentRuntimeClient;
use cofferdam_proto::agent::{ChatStreamEvent, ChatStreamRequest, DeleteSessionRequest};
use cofferdam_proto::host::agents_client::AgentsClient;
use cofferdam_proto::host::sessions_client::SessionsClient;
use cofferdam_proto::host::tools_client::ToolsClient;
use cofferdam_proto::host::{
    ListAgentsRequest, ListAgentsResponse, ListSessionsRequest, ReadMessagesRequest,
    ReadMessagesResponse,
};
use serde::Serialize;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Status, Streaming};
use tower::service_fn;

use crate::agent_key::AGENT_KEY;

/// The largest message that is read, in bytes (64 MiB): text, JSON and receipt of the longest
/// output that a ceiling may allow.
const MAX_MESSAGE: usize = 64 << 20;

/// Time until the host must begin to answer: it does so before it does the work, in milliseconds.
const ANSWER: Duration = Duration::from_secs(10);

/// Time of silence after which the host is asked whether it is still there, and time for it to say
/// so.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// A connection to a running host. Clones are the same connection.
#[derive(Debug, Clone)]
pub struct Client(Channel);

/// A request that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket.
    #[error("no host answers")]
    Unreached,
    /// The request is wrong, says the host.
    #[error("{0}")]
    Invalid(String),
    /// The host refuses it.
    #[error("{0}")]
    Denied(String),
    /// It failed.
    #[error("{0}")]
    Failed(String),
}

/// The agents of a host.
#[derive(Debug)]
pub struct AgentList {
    /// All of them, by name.
    pub agents: Vec<AgentEntry>,
    /// Turns and calls that a host waits for which is ending.
    pub ending: Option<u32>,
}

/// One agent.
#[derive(Debug, Serialize)]
pub struct AgentEntry {
    /// The id, a UUID.
    pub id: String,
    /// The name.
    pub name: String,
    /// The model.
    pub model: String,
    /// `ready` or `failed`.
    pub status: String,
    /// The reason why it failed.
    pub failure_reason: String,
    /// The names of its tools.
    pub tools: Vec<String>,
    /// Unix seconds.
    pub created_at: i64,
}

/// One session of an agent.
#[derive(Debug, Serialize)]
pub struct SessionEntry {
    /// Its id.
    pub id: String,
    /// Messages in it.
    pub message_count: i64,
    /// The time of the last of them, in Unix seconds.
    pub last_active: i64,
}

/// One message of a session.
#[derive(Debug, Serialize)]
pub struct Message {
    /// `user` or `assistant`.
    pub role: String,
    /// The prompt, or the parts of an answer as JSON.
    pub content: String,
    /// Unix seconds.
    pub created_at: i64,
}

/// The messages of a session, one after the other.
#[derive(Debug)]
pub struct Messages(Streaming<ReadMessagesResponse>);

/// An event of a turn.
#[derive(Debug, Serialize)]
pub struct ChatEvent {
    /// Its kind, such as `text.delta`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The step of the turn, where one begins.
    pub step: i32,
    /// The tool that is called or has answered.
    pub tool: String,
    /// Text, the input of a tool, or its answer.
    pub content: String,
    /// The id of the call.
    pub tool_id: String,
    /// The time that a tool took.
    pub duration_ms: i64,
}

/// The events of a turn, as they happen.
#[derive(Debug)]
pub struct ChatEvents(Streaming<ChatStreamEvent>);

impl Client {
    /// Connects to the host that listens on a socket.
    pub async fn connect(socket: &Path) -> Result<Self, ClientError> {
        let socket = socket.to_owned();
        let connector = service_fn(move |_: Uri| {
            let socket = socket.clone();
            async move {
                tokio::net::UnixStream::connect(socket)
                    .await
                    .map(hyper_util::rt::TokioIo::new)
            }
        });
        // The address is never looked up: the connector above goes to the socket.
        let endpoint = Endpoint::from_static("http://cofferdam.invalid")
            .connect_timeout(ANSWER)
            .timeout(ANSWER)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_while_idle(true)
            .keep_alive_timeout(KEEPALIVE);
        endpoint
            .connect_with_connector(connector)
            .await
            .map(Self)
            .map_err(|_| ClientError::Unreached)
    }

    /// The agents of the host.
    pub async fn agents(&self) -> Result<AgentList, ClientError> {
        let response = AgentsClient::new(self.0.clone())
            .list_agents(ListAgentsRequest {})
            .await?;
        let ListAgentsResponse {
            agents,
            ending,
            running,
        } = response.into_inner();
        let entry = |agent: cofferdam_proto::host::Agent| AgentEntry {
            id: agent.id,
            name: agent.name,
            model: agent.model,
            status: agent.status,
            failure_reason: agent.failure_reason,
            tools: agent.tools,
            created_at: agent.created_at,
        };
        Ok(AgentList {
            agents: agents.into_iter().map(entry).collect(),
            ending: ending.then_some(running),
        })
    }

    /// Begins a turn.
    pub async fn chat(
        &self,
        agent: &str,
        session: &str,
        prompt: String,
    ) -> Result<ChatEvents, ClientError> {
        let request = ChatStreamRequest {
            session_id: session.to_owned(),
            prompt,
            regenerate: false,
        };
        let events = self
            .runtime()
            .chat_stream(to_agent(Some(agent), request)?)
            .await?;
        Ok(ChatEvents(events.into_inner()))
    }

    /// The sessions of an agent, the most recently used first.
    pub async fn sessions(&self, agent: Option<&str>) -> Result<Vec<SessionEntry>, ClientError> {
        let request = to_agent(agent, ListSessionsRequest {})?;
        let mut pages = SessionsClient::new(self.0.clone())
            .list_sessions(request)
            .await?
            .into_inner();
        let mut sessions = Vec::new();
        while let Some(page) = pages.message().await? {
            let entry = |session: cofferdam_proto::host::Session| SessionEntry {
                id: session.id,
                message_count: session.message_count,
                last_active: session.last_active,
            };
            sessions.extend(page.sessions.into_iter().map(entry));
        }
        Ok(sessions)
    }

    /// The newest `limit` messages of a session, oldest first; all of them for 0.
    pub async fn messages(
        &self,
        agent: Option<&str>,
        session: &str,
        limit: u32,
    ) -> Result<Messages, ClientError> {
        let request = to_agent(
            agent,
            ReadMessagesRequest {
                session_id: session.to_owned(),
                limit,
            },
        )?;
        let pieces = SessionsClient::new(self.0.clone())
            .read_messages(request)
            .await?;
        Ok(Messages(pieces.into_inner()))
    }

    /// Deletes a session with everything said in it.
    pub async fn delete_session(
        &self,
        agent: Option<&str>,
        session: String,
    ) -> Result<(), ClientError> {
        let request = to_agent(
            agent,
            DeleteSessionRequest {
                session_id: session,
            },
        )?;
        self.runtime().delete_session(request).await?;
        Ok(())
    }

    /// The tools of an agent.
    pub(crate) fn tools(&self) -> ToolsClient<Channel> {
        ToolsClient::new(self.0.clone()).max_decoding_message_size(MAX_MESSAGE)
    }

    fn runtime(&self) -> AgentRuntimeClient<Channel> {
        AgentRuntimeClient::new(self.0.clone()).max_decoding_message_size(MAX_MESSAGE)
    }
}

impl ChatEvents {
    /// Waits for the next event; there is none after the end of the turn.
    pub async fn next(&mut self) -> Result<Option<ChatEvent>, ClientError> {
        let event = |event: ChatStreamEvent| ChatEvent {
            kind: event.r#type,
            step: event.step,
            tool: event.tool,
            content: event.content,
            tool_id: event.tool_id,
            duration_ms: event.duration_ms,
        };
        Ok(self.0.message().await?.map(event))
    }
}

impl Messages {
    /// Reads the next message, put together from its pieces.
    pub async fn next(&mut self) -> Result<Option<Message>, ClientError> {
        let mut content = String::new();
        while let Some(piece) = self.0.message().await? {
            content.push_str(&piece.content);
            if piece.last {
                return Ok(Some(Message {
                    role: piece.role,
                    content,
                    created_at: piece.created_at,
                }));
            }
        }
        Ok(None)
    }
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        if let Some(sentence) = unanswered(&status) {
            return Self::Failed(sentence.to_owned());
        }
        let sentence = status.message().to_owned();
        match status.code() {
            tonic::Code::PermissionDenied => Self::Denied(sentence),
            tonic::Code::InvalidArgument => Self::Invalid(sentence),
            _ => Self::Failed(sentence),
        }
    }
}

/// A request to one agent; to the only one there is, when none is named.
pub(crate) fn to_agent<T>(
    agent: Option<&str>,
    message: T,
) -> Result<tonic::Request<T>, ClientError> {
    let mut request = tonic::Request::new(message);
    if let Some(agent) = agent {
        let value = MetadataValue::try_from(agent)
            .map_err(|_| ClientError::Invalid(format!("`{agent}` is not the name of an agent")))?;
        request.metadata_mut().insert(AGENT_KEY, value);
    }
    Ok(request)
}

/// The sentence for a status that the host did not send: this process made it, because no answer
/// came.
fn unanswered(status: &Status) -> Option<&'static str> {
    const SILENT: &str = "the host does not answer: its process is stopped, is far too busy, or \
                          has as many clients as it takes, all of them with requests under way; \
                          look at it and its log";
    let first = std::error::Error::source(status)?;
    let mut sources = std::iter::successors(Some(first), |error| error.source());
    let silent = sources.any(|error| {
        let timed_out = error
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_timeout);
        timed_out || error.is::<tonic::TimeoutExpired>()
    });
    if silent {
        return Some(SILENT);
    }
    matches!(
        status.code(),
        tonic::Code::Unavailable | tonic::Code::Unknown | tonic::Code::Internal
    )
    .then_some(
        "the host closed the connection before it had answered: it has ended, or was too slow to \
         be read",
    )
}
