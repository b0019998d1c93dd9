//! The other end: it talks to a running host, through its socket.

use std::path::Path;
use std::time::Duration;

use cofferdam_agent::{AgentSource, NewAgent};
use cofferdam_proto::agent::agent_runtime_client::AgentRuntimeClient;
use cofferdam_proto::agent::{DeleteSessionRequest, PromptObjectRequest};
use cofferdam_proto::host::agents_client::AgentsClient;
use cofferdam_proto::host::import_session_request::Item;
use cofferdam_proto::host::sessions_client::SessionsClient;
use cofferdam_proto::host::tools_client::ToolsClient;
use cofferdam_proto::host::{
    CreateAgentRequest, GetAgentRequest, GetAgentStatsRequest, ImportSessionRequest,
    ImportedMessage, ImportedSession, ListAgentsRequest, ListAgentsResponse, ListSessionsRequest,
    ReadMessagesRequest, ReadMessagesResponse, RemoveAgentRequest, RenameSessionRequest,
    RestartAgentRequest, StartAgentRequest, StopAgentRequest, WatchAgentRequest,
};
use serde::{Deserialize, Serialize};
use tonic::Streaming;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use crate::agent_entry::{AgentEntry, AgentList, Creation, StatsEntry, Statuses};
use crate::agent_key::AGENT_KEY;
use crate::client_error::ClientError;
use crate::grpc::convert::of_deployment;

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

/// One session of an agent.
#[derive(Debug, Serialize)]
pub struct SessionEntry {
    /// Its id.
    pub id: String,
    /// Its title; empty if it has none.
    pub title: String,
    /// Messages in it.
    pub message_count: i64,
    /// The time of the last of them, in Unix seconds.
    pub last_active: i64,
}

/// One message of a session.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Message {
    /// `user` or `assistant`.
    pub role: String,
    /// The prompt, or the parts of an answer as JSON.
    pub content: String,
    /// Unix seconds.
    pub created_at: i64,
    /// `running`, `complete` or `interrupted`.
    pub state: String,
    /// The name of the reason why an answer ended; empty for a prompt.
    pub stop_reason: String,
    /// The sentence about that reason; may be empty.
    pub stop_detail: String,
    /// The number of the message.
    pub id: i64,
    /// True for an answer that another one has replaced.
    pub earlier: bool,
}

/// Messages of a session that are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct MessagePage {
    /// At most so many, the newest ones; 0 for all of them.
    pub limit: u32,
    /// Those before the one with this number alone; 0 for the newest ones.
    pub before: i64,
    /// True for earlier answers of regenerated turns too.
    pub with_earlier: bool,
}

/// The messages of a session, one after the other.
#[derive(Debug)]
pub struct Messages(Streaming<ReadMessagesResponse>);

/// An answer that fits a JSON Schema.
#[derive(Debug)]
pub struct ObjectAnswer {
    /// The answer, as JSON.
    pub object: String,
    /// The words of the model that it was found in.
    pub raw_text: String,
}

impl Client {
    /// Connects to the host that listens on a socket.
    pub async fn connect(socket: &Path) -> Result<Self, ClientError> {
        Self::connect_within(socket, ANSWER).await
    }

    /// The same, for requests that are answered when their work is done, within this time.
    pub async fn connect_within(socket: &Path, answer: Duration) -> Result<Self, ClientError> {
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
            .timeout(answer)
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
        let response = self.lives().list_agents(ListAgentsRequest {}).await?;
        let ListAgentsResponse {
            agents,
            ending,
            running,
        } = response.into_inner();
        Ok(AgentList {
            agents: agents.into_iter().map(AgentEntry::from).collect(),
            ending: ending.then_some(running),
        })
    }

    /// One agent; the only one there is, when none is named.
    pub async fn agent(&self, agent: Option<&str>) -> Result<AgentEntry, ClientError> {
        let agent = agent.unwrap_or_default().to_owned();
        let request = GetAgentRequest { agent };
        let response = self.lives().get_agent(request).await?;
        entry(response.into_inner().agent)
    }

    /// Creates an agent. Paths are absolute ones of the host's machine.
    pub async fn create_agent(&self, new: NewAgent) -> Result<Creation, ClientError> {
        let NewAgent {
            name,
            source,
            deployment,
            replace,
            keep,
        } = new;
        let mut request = CreateAgentRequest {
            name: name.unwrap_or_default(),
            deployment: Some(of_deployment(deployment)),
            replace,
            keep,
            ..CreateAgentRequest::default()
        };
        match source {
            AgentSource::File(file) => request.agentfile = file.display().to_string(),
            AgentSource::Image { reference, home } => {
                request.image = reference.to_string();
                request.home = home.display().to_string();
            }
        }
        let events = self.lives().create_agent(request).await?;
        Ok(Creation(events.into_inner()))
    }

    /// Starts an agent. It is being made ready when this returns.
    pub async fn start_agent(&self, agent: String) -> Result<AgentEntry, ClientError> {
        let started = self
            .lives()
            .start_agent(StartAgentRequest { agent })
            .await?;
        entry(started.into_inner().agent)
    }

    /// Stops an agent.
    pub async fn stop_agent(&self, agent: String) -> Result<AgentEntry, ClientError> {
        let stopped = self.lives().stop_agent(StopAgentRequest { agent }).await?;
        entry(stopped.into_inner().agent)
    }

    /// Stops an agent if it runs, and starts it. It is being made ready when this returns.
    pub async fn restart_agent(&self, agent: String) -> Result<AgentEntry, ClientError> {
        let request = RestartAgentRequest { agent };
        let restarted = self.lives().restart_agent(request).await?;
        entry(restarted.into_inner().agent)
    }

    /// Removes an agent with its workspace and its sessions; with `force` also while turns run.
    pub async fn remove_agent(
        &self,
        agent: String,
        force: bool,
    ) -> Result<AgentEntry, ClientError> {
        let request = RemoveAgentRequest { agent, force };
        let removed = self.lives().remove_agent(request).await?;
        entry(removed.into_inner().agent)
    }

    /// Follows the status of an agent.
    pub async fn watch_agent(&self, agent: String) -> Result<Statuses, ClientError> {
        let statuses = self
            .lives()
            .watch_agent(WatchAgentRequest { agent })
            .await?;
        Ok(Statuses(statuses.into_inner()))
    }

    /// Sums of what the calls of the tools of `agent` used since it was started.
    pub async fn agent_stats(&self, agent: String) -> Result<StatsEntry, ClientError> {
        let request = GetAgentStatsRequest {
            agent: agent.clone(),
        };
        let stats = self.lives().get_agent_stats(request).await?;
        Ok(StatsEntry::new(agent, stats.into_inner()))
    }

    /// Asks for one answer that fits a JSON Schema.
    pub async fn prompt_object(
        &self,
        agent: &str,
        prompt: String,
        schema: Vec<u8>,
    ) -> Result<ObjectAnswer, ClientError> {
        let request = PromptObjectRequest {
            prompt,
            schema_json: schema,
            ..PromptObjectRequest::default()
        };
        let answer = self
            .runtime()
            .prompt_object(to_agent(Some(agent), request)?)
            .await?
            .into_inner();
        let object = String::from_utf8(answer.object_json);
        Ok(ObjectAnswer {
            object: object.map_err(|error| ClientError::Failed(error.to_string()))?,
            raw_text: answer.raw_text,
        })
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
                title: session.title,
                message_count: session.message_count,
                last_active: session.last_active,
            };
            sessions.extend(page.sessions.into_iter().map(entry));
        }
        Ok(sessions)
    }

    /// The messages of a session that `page` asks for, oldest first.
    pub async fn messages(
        &self,
        agent: Option<&str>,
        session: &str,
        page: MessagePage,
    ) -> Result<Messages, ClientError> {
        let MessagePage {
            limit,
            before,
            with_earlier,
        } = page;
        let request = to_agent(
            agent,
            ReadMessagesRequest {
                session_id: session.to_owned(),
                limit,
                before,
                earlier: with_earlier,
            },
        )?;
        let pieces = SessionsClient::new(self.0.clone())
            .read_messages(request)
            .await?;
        Ok(Messages(pieces.into_inner()))
    }

    /// Gives a session a title; an empty one is none.
    pub async fn rename_session(
        &self,
        agent: Option<&str>,
        session_id: String,
        title: String,
    ) -> Result<(), ClientError> {
        let request = to_agent(agent, RenameSessionRequest { session_id, title })?;
        let mut sessions = SessionsClient::new(self.0.clone());
        sessions.rename_session(request).await?;
        Ok(())
    }

    /// Stores a session that was exported, under this id, and returns the number of its messages.
    pub async fn import_session(
        &self,
        agent: Option<&str>,
        title: String,
        session: String,
        messages: Vec<Message>,
    ) -> Result<u64, ClientError> {
        let first = ImportSessionRequest {
            item: Some(Item::Session(ImportedSession {
                session_id: session,
                title,
            })),
        };
        let pieces = std::iter::once(first).chain(messages.into_iter().flat_map(pieces));
        let request = to_agent(agent, futures_util::stream::iter(pieces))?;
        let mut sessions = SessionsClient::new(self.0.clone());
        let imported = sessions.import_session(request).await?;
        Ok(imported.into_inner().messages)
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

    /// The connection itself.
    pub(crate) fn channel(&self) -> Channel {
        self.0.clone()
    }

    /// The tools of an agent.
    pub(crate) fn tools(&self) -> ToolsClient<Channel> {
        ToolsClient::new(self.0.clone()).max_decoding_message_size(MAX_MESSAGE)
    }

    fn lives(&self) -> AgentsClient<Channel> {
        AgentsClient::new(self.0.clone()).max_decoding_message_size(MAX_MESSAGE)
    }

    fn runtime(&self) -> AgentRuntimeClient<Channel> {
        AgentRuntimeClient::new(self.0.clone()).max_decoding_message_size(MAX_MESSAGE)
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
                    state: piece.state,
                    stop_reason: piece.stop_reason,
                    stop_detail: piece.stop_detail,
                    id: piece.id,
                    earlier: piece.earlier,
                }));
            }
        }
        Ok(None)
    }
}

/// The pieces of a message on its way to a host.
fn pieces(message: Message) -> Vec<ImportSessionRequest> {
    /// The largest piece, in bytes (1 MiB).
    const PIECE: usize = 1 << 20;
    let mut rest = message.content.as_str();
    let mut pieces = Vec::new();
    loop {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        rest = after;
        pieces.push(ImportSessionRequest {
            item: Some(Item::Message(ImportedMessage {
                role: message.role.clone(),
                content: piece.to_owned(),
                created_at: message.created_at,
                state: message.state.clone(),
                stop_reason: message.stop_reason.clone(),
                stop_detail: message.stop_detail.clone(),
                earlier: message.earlier,
                last: rest.is_empty(),
            })),
        });
        if rest.is_empty() {
            return pieces;
        }
    }
}

/// The agent of an answer.
fn entry(agent: Option<cofferdam_proto::host::Agent>) -> Result<AgentEntry, ClientError> {
    agent
        .map(AgentEntry::from)
        .ok_or_else(|| ClientError::Failed("the host answered without an agent".to_owned()))
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
