//! `openotters.agent.v1.AgentRuntime`.

use std::pin::Pin;

use cofferdam_agent::{Event, Turn, TurnKind, delete_session};
use cofferdam_proto::agent::agent_runtime_server;
use cofferdam_proto::agent::{
    ChatRequest, ChatResponse, ChatStreamEvent, ChatStreamRequest, DeleteSessionRequest,
    DeleteSessionResponse, HealthRequest, HealthResponse, ListSessionMessagesRequest,
    ListSessionMessagesResponse, ListSessionsRequest, ListSessionsResponse, PromptObjectRequest,
    PromptObjectResponse, ReadyRequest, ReadyResponse, SessionInfo, SessionMessage,
};
use cofferdam_proto::agent::{
    DeleteNoteRequest, DeleteNoteResponse, GetNoteRequest, GetNoteResponse, ListNotesRequest,
    ListNotesResponse, SaveNoteRequest, SaveNoteResponse, SetNoteInContextRequest,
    SetNoteInContextResponse,
};
use cofferdam_store::{Message, PageRequest, Session, SessionsCursor};
use futures_util::Stream;
use futures_util::stream;
use tonic::{Request, Response, Status};

use super::rpcs::rpcs;
use super::shared::Shared;
use super::turns::{Attachment, RunningTurn};
use super::{notes, objects, status};
use crate::telemetry::trace_context::of_headers;

/// Content of the messages in one answer, in bytes (3 MiB): gRPC clients read 4 MiB by default.
const LISTING: usize = 3 << 20;

#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) shared: Shared,
}

type EventStream = Pin<Box<dyn Stream<Item = Result<ChatStreamEvent, Status>> + Send>>;

rpcs! {
    impl agent_runtime_server::AgentRuntime for Runtime {
        type ChatStreamStream = EventStream;

        rpc chat(ChatRequest) -> ChatResponse;
        rpc chat_stream(ChatStreamRequest) -> EventStream;
        rpc prompt_object(PromptObjectRequest) -> PromptObjectResponse;
        rpc list_sessions(ListSessionsRequest) -> ListSessionsResponse;
        rpc delete_session(DeleteSessionRequest) -> DeleteSessionResponse;
        rpc list_session_messages(ListSessionMessagesRequest) -> ListSessionMessagesResponse;
        rpc list_notes(ListNotesRequest) -> ListNotesResponse;
        rpc get_note(GetNoteRequest) -> GetNoteResponse;
        rpc save_note(SaveNoteRequest) -> SaveNoteResponse;
        rpc delete_note(DeleteNoteRequest) -> DeleteNoteResponse;
        rpc set_note_in_context(SetNoteInContextRequest) -> SetNoteInContextResponse;
        rpc health(HealthRequest) -> HealthResponse;
        rpc ready(ReadyRequest) -> ReadyResponse;
    }
}

impl Runtime {
    async fn chat(&self, request: Request<ChatRequest>) -> Result<Response<ChatResponse>, Status> {
        let agent = self.shared.agent(&request).await?;
        let trace = of_headers(request.metadata().as_ref());
        let ChatRequest { session_id, prompt } = request.into_inner();
        let turn = Turn {
            session: session_id,
            kind: TurnKind::Prompt(prompt),
            trace,
        };
        let mut running = RunningTurn::start(&self.shared, agent, turn, Attachment::Bound).await?;
        let mut response = String::new();
        while let Some(event) = running.next().await {
            if let Event::TurnEnd(end) = &*event.event {
                response.clone_from(&end.text);
            }
        }
        running.end().await?;
        let mut place = running.into_place();
        place.hold(response.len())?;
        Ok(place.keep_with(Response::new(ChatResponse { response })))
    }

    async fn chat_stream(
        &self,
        request: Request<ChatStreamRequest>,
    ) -> Result<Response<EventStream>, Status> {
        let agent = self.shared.agent(&request).await?;
        let trace = of_headers(request.metadata().as_ref());
        let ChatStreamRequest {
            session_id,
            prompt,
            regenerate,
        } = request.into_inner();
        let turn = Turn {
            session: session_id,
            // Older clients send the prompt again with it. It is the one that is stored already.
            kind: if regenerate {
                TurnKind::Regenerate
            } else {
                TurnKind::Prompt(prompt)
            },
            trace,
        };
        let running = RunningTurn::start(&self.shared, agent, turn, Attachment::Bound).await?;
        let events = stream::unfold(running, |mut running| async {
            let event = next(&mut running).await?;
            let held = event.and_then(|event| running.hold(event.content.len()).map(|()| event));
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
        let sessions = &self.shared.agents.store().sessions;
        let page = sessions.page(&agent.id, SessionsCursor::FIRST).await;
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
        let found = delete_session(&self.shared.agents, &agent.id, &session).await;
        let found = found.map_err(|error| status::of_agent(&error))?;
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
        let note = |bytes| too_long(bytes, &session_id);
        let page = PageRequest {
            before: i64::MAX,
            after: 0,
            limit: limit.into(),
            bytes: LISTING,
        };
        let newest = messages.page(&agent.id, &session_id, page, note).await;
        let message = |message: Message| SessionMessage {
            role: message.role().to_string(),
            content: message.text(),
            created_at: message.created_at,
            branches_json: message.branches_json(),
            active_branch: i32::try_from(message.active_branch()).unwrap_or(i32::MAX),
        };
        let messages = newest
            .map_err(|error| status::of_store(&error))?
            .into_iter()
            .map(message)
            .collect();
        Ok(place.keep_with(Response::new(ListSessionMessagesResponse { messages })))
    }

    async fn list_notes(
        &self,
        request: Request<ListNotesRequest>,
    ) -> Result<Response<ListNotesResponse>, Status> {
        notes::list(&self.shared, request).await
    }

    async fn get_note(
        &self,
        request: Request<GetNoteRequest>,
    ) -> Result<Response<GetNoteResponse>, Status> {
        notes::get(&self.shared, request).await
    }

    async fn save_note(
        &self,
        request: Request<SaveNoteRequest>,
    ) -> Result<Response<SaveNoteResponse>, Status> {
        notes::save(&self.shared, request).await
    }

    async fn delete_note(
        &self,
        request: Request<DeleteNoteRequest>,
    ) -> Result<Response<DeleteNoteResponse>, Status> {
        notes::delete(&self.shared, request).await
    }

    async fn set_note_in_context(
        &self,
        request: Request<SetNoteInContextRequest>,
    ) -> Result<Response<SetNoteInContextResponse>, Status> {
        notes::pin(&self.shared, request).await
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
fn too_long(bytes: usize, session: &str) -> String {
    format!(
        "[this message has {bytes} bytes, and an answer holds {LISTING}: `cofferdam sessions show` \
         reads all of session {session}]"
    )
}

/// The next event that older clients know; at the end of a turn that failed, its status.
async fn next(running: &mut RunningTurn) -> Option<Result<ChatStreamEvent, Status>> {
    while let Some(event) = running.next().await {
        if let Some(event) = on_the_wire(&event.event) {
            return Some(Ok(event));
        }
    }
    running.end().await.err().map(Err)
}

/// The event as older clients know it. They know none for the beginning of a turn, for a call that
/// waits for a person, nor for the end of a turn that failed.
fn on_the_wire(event: &Event) -> Option<ChatStreamEvent> {
    let empty = ChatStreamEvent::default;
    let event = event.clone();
    Some(match event {
        // Older clients know none of these.
        Event::TurnStart { .. } | Event::ApprovalRequested { .. } | Event::ToolProgress { .. } => {
            return None;
        }
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
        Event::ToolCall {
            tool, id, input, ..
        } => ChatStreamEvent {
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
            failed: _,
            duration,
            receipt: _,
            file: _,
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
        Event::StepFinish { text, .. } => ChatStreamEvent {
            r#type: "step.finish".to_owned(),
            content: text,
            ..empty()
        },
        Event::TurnEnd(end) if !end.reason.is_whole() => return None,
        Event::TurnEnd(end) => ChatStreamEvent {
            r#type: "message.create".to_owned(),
            content: end.text,
            ..empty()
        },
    })
}
