//! `openotters.agent.v1.AgentRuntime`.

use std::pin::Pin;
use std::sync::Arc;

use cofferdam_agent::{Agent, Event, Turn, TurnError};
use cofferdam_proto::agent::agent_runtime_server::AgentRuntime;
use cofferdam_proto::agent::{
    ChatRequest, ChatResponse, ChatStreamEvent, ChatStreamRequest, DeleteSessionRequest,
    DeleteSessionResponse, HealthRequest, HealthResponse, ListSessionMessagesRequest,
    ListSessionMessagesResponse, ListSessionsRequest, ListSessionsResponse, PromptObjectRequest,
    PromptObjectResponse, ReadyRequest, ReadyResponse, SessionInfo, SessionMessage,
};
use cofferdam_store::{Message, Role, Session, SessionsCursor};
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;
use tonic::{Request, Response, Status};

use super::answers::AnswerPlace;
use super::objects;
use super::shared::Shared;
use super::status;

/// Events between a turn and its client. A turn waits when its client is slow, because an event
/// holds as much as a tool has printed.
const EVENT_QUEUE: usize = 1;

/// Content of the messages in one answer, in bytes (3 MiB): gRPC clients read 4 MiB by default.
const LISTING: usize = 3 << 20;

#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) shared: Shared,
}

type EventStream = Pin<Box<dyn Stream<Item = Result<ChatStreamEvent, Status>> + Send>>;

/// A turn that runs in a task of its own, so that it is stored to its end also when the client goes
/// away. Dropping this cancels it and gives its place back.
struct Running {
    events: mpsc::Receiver<Event>,
    task: Option<JoinHandle<Result<String, TurnError>>>,
    _cancel: DropGuard,
    place: AnswerPlace,
}

impl Runtime {
    fn start(&self, agent: Arc<Agent>, turn: Turn) -> Result<Running, Status> {
        self.shared.open()?;
        let place = self.shared.answers.turns.begin(agent.id())?;
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let cancel = self.shared.stop.child_token();
        let token = cancel.clone();
        let task = self
            .shared
            .turns
            .spawn(async move { cofferdam_agent::chat(&agent, turn, &sender, &token).await });
        Ok(Running {
            events,
            task: Some(task),
            _cancel: cancel.drop_guard(),
            place,
        })
    }
}

impl Running {
    /// The next event; at the end of a turn that failed, its status.
    async fn next(&mut self) -> Option<Result<Event, Status>> {
        if let Some(event) = self.events.recv().await {
            return Some(Ok(event));
        }
        match self.task.take()?.await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(Err(status::of_turn(&error))),
            Err(error) => Some(Err(status::of_host(&error))),
        }
    }
}

#[tonic::async_trait]
impl AgentRuntime for Runtime {
    type ChatStreamStream = EventStream;

    async fn chat(&self, request: Request<ChatRequest>) -> Result<Response<ChatResponse>, Status> {
        let agent = self.shared.agent(&request).await?;
        let ChatRequest { session_id, prompt } = request.into_inner();
        let mut running = self.start(
            agent,
            Turn {
                session: session_id,
                prompt,
            },
        )?;
        let mut response = String::new();
        while let Some(event) = running.next().await {
            if let Event::MessageCreate { text } = event? {
                response = text;
            }
        }
        running.place.hold(response.len())?;
        Ok(running
            .place
            .keep_with(Response::new(ChatResponse { response })))
    }

    async fn chat_stream(
        &self,
        request: Request<ChatStreamRequest>,
    ) -> Result<Response<EventStream>, Status> {
        let agent = self.shared.agent(&request).await?;
        let ChatStreamRequest {
            session_id,
            prompt,
            regenerate,
        } = request.into_inner();
        if regenerate {
            return Err(Status::unimplemented(
                "`regenerate` is not offered yet: send the prompt again",
            ));
        }
        let running = self.start(
            agent,
            Turn {
                session: session_id,
                prompt,
            },
        )?;
        let events = stream::unfold(running, |mut running| async {
            let event = running.next().await?.map(on_the_wire);
            let held =
                event.and_then(|event| running.place.hold(event.content.len()).map(|()| event));
            Some((held, running))
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn prompt_object(
        &self,
        request: Request<PromptObjectRequest>,
    ) -> Result<Response<PromptObjectResponse>, Status> {
        objects::prompt_object(&self.shared, request).await
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let agent = self.shared.stored_agent(&request)?;
        let place = self.shared.answers.listings.begin(&agent.id)?;
        let messages = &self.shared.agents.store().messages;
        let page = messages.sessions(&agent.id, SessionsCursor::FIRST).await;
        let (sessions, _) = page.map_err(|error| status::of_store(&error))?;
        let info = |session: Session| SessionInfo {
            id: session.id,
            message_count: i32::try_from(session.message_count).unwrap_or(i32::MAX),
            last_active: session.last_active,
        };
        let sessions = sessions.into_iter().map(info).collect();
        Ok(place.keep_with(Response::new(ListSessionsResponse { sessions })))
    }

    async fn delete_session(
        &self,
        request: Request<DeleteSessionRequest>,
    ) -> Result<Response<DeleteSessionResponse>, Status> {
        let agent = self.shared.stored_agent(&request)?;
        let session = request.into_inner().session_id;
        let messages = &self.shared.agents.store().messages;
        let found = messages
            .delete_session(&agent.id, &session)
            .await
            .map_err(|error| status::of_store(&error))?;
        if !found {
            return Err(Status::not_found(format!(
                "agent {} has no session `{session}`",
                agent.name
            )));
        }
        Ok(Response::new(DeleteSessionResponse {}))
    }

    async fn list_session_messages(
        &self,
        request: Request<ListSessionMessagesRequest>,
    ) -> Result<Response<ListSessionMessagesResponse>, Status> {
        let agent = self.shared.stored_agent(&request)?;
        let ListSessionMessagesRequest { session_id, limit } = request.into_inner();
        let place = self.shared.answers.listings.begin(&agent.id)?;
        let messages = &self.shared.agents.store().messages;
        let note = |message: &Message| too_long(message, &session_id);
        let newest = messages
            .newest_within(&agent.id, &session_id, limit.into(), LISTING, note)
            .await;
        let message = |message: Message| SessionMessage {
            role: message.role.to_string(),
            content: message.content,
            created_at: message.created_at,
            branches_json: message.branches_json,
            active_branch: i32::try_from(message.active_branch).unwrap_or_default(),
        };
        let messages = newest
            .map_err(|error| status::of_store(&error))?
            .into_iter()
            .map(message)
            .collect();
        Ok(place.keep_with(Response::new(ListSessionMessagesResponse { messages })))
    }

    async fn health(
        &self,
        request: Request<HealthRequest>,
    ) -> Result<Response<HealthResponse>, Status> {
        let agent = self.shared.agent(&request).await?;
        let agent_name = agent.name().to_owned();
        let model = agent.model();
        Ok(Response::new(HealthResponse {
            status: "ok".to_owned(),
            agent_name,
            model,
        }))
    }

    async fn ready(
        &self,
        request: Request<ReadyRequest>,
    ) -> Result<Response<ReadyResponse>, Status> {
        let ready = self.shared.agent(&request).await.is_ok() && !self.shared.ending.is_cancelled();
        Ok(Response::new(ReadyResponse { ready }))
    }
}

/// The content of a message that is longer than an answer may be, as clients read it.
fn too_long(message: &Message, session: &str) -> String {
    let sentence = format!(
        "[this message has {} bytes, and an answer holds {LISTING}: `cofferdam sessions show` \
         reads all of session {session}]",
        message.content.len()
    );
    match message.role {
        Role::Assistant => serde_json::json!([{ "kind": "text", "text": sentence }]).to_string(),
        Role::User => sentence,
    }
}

fn on_the_wire(event: Event) -> ChatStreamEvent {
    let empty = ChatStreamEvent::default;
    match event {
        Event::StepStart { step } => ChatStreamEvent {
            r#type: "step.start".to_owned(),
            step: i32::try_from(step).unwrap_or(i32::MAX),
            ..empty()
        },
        Event::TextDelta { text } => ChatStreamEvent {
            r#type: "text.delta".to_owned(),
            content: text,
            ..empty()
        },
        Event::ToolCall { tool, id, input } => ChatStreamEvent {
            r#type: "tool.call".to_owned(),
            tool,
            tool_id: id,
            content: input,
            ..empty()
        },
        Event::ToolResult {
            tool,
            id,
            content,
            duration,
        } => ChatStreamEvent {
            r#type: "tool.result".to_owned(),
            tool,
            tool_id: id,
            content,
            // A call that took less than a millisecond still took time; 0 would say that nobody
            // measured.
            duration_ms: i64::try_from(duration.as_millis())
                .unwrap_or(i64::MAX)
                .max(1),
            ..empty()
        },
        Event::StepFinish { text } => ChatStreamEvent {
            r#type: "step.finish".to_owned(),
            content: text,
            ..empty()
        },
        Event::MessageCreate { text } => ChatStreamEvent {
            r#type: "message.create".to_owned(),
            content: text,
            ..empty()
        },
    }
}
