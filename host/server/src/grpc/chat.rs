//! `cofferdam.v1.Chat`.

use std::pin::Pin;

use cofferdam_agent::{
    Event, FollowItem, Follower, Numbered, Snapshot, StopReason, Turn, TurnEnd, TurnKind, TurnUse,
    cancel_turns, follow_session,
};
use cofferdam_proto::host;
use cofferdam_proto::host::chat_server;
use cofferdam_proto::host::follow_session_response::Item;
use cofferdam_proto::host::session_event::Event as Wire;
use cofferdam_proto::host::{
    CancelTurnsRequest, CancelTurnsResponse, FollowSessionRequest, FollowSessionResponse,
    SessionEvent, SnapshotMessage, StartTurnRequest, StartTurnResponse,
};
use cofferdam_store::Message;
use futures_util::{Stream, StreamExt, stream};
use tonic::{Request, Response, Status};

use super::answers::AnswerPlace;
use super::rpcs::rpcs;
use super::shared::Shared;
use super::status;
use super::turns::{Attachment, RunningTurn};
use crate::edge::principal::Principal;
use crate::telemetry::trace_context::of_headers;

#[derive(Debug)]
pub(crate) struct ChatService {
    pub(crate) shared: Shared,
}

type TurnStream = Pin<Box<dyn Stream<Item = Result<StartTurnResponse, Status>> + Send>>;
type FollowStream = Pin<Box<dyn Stream<Item = Result<FollowSessionResponse, Status>> + Send>>;

/// A client that follows a session, with its place.
struct Following {
    follower: Follower,
    place: AnswerPlace,
}

rpcs! {
    impl chat_server::Chat for ChatService {
        type StartTurnStream = TurnStream;
        type FollowSessionStream = FollowStream;

        rpc start_turn(StartTurnRequest) -> TurnStream;
        rpc follow_session(FollowSessionRequest) -> FollowStream;
        rpc cancel_turns(CancelTurnsRequest) -> CancelTurnsResponse;
    }
}

impl ChatService {
    async fn start_turn(
        &self,
        request: Request<StartTurnRequest>,
    ) -> Result<Response<TurnStream>, Status> {
        let agent = self.shared.agent(&request).await?;
        let principal = request.extensions().get::<Principal>();
        let revoked = principal
            .and_then(Principal::life)
            .map(|life| life.revoked.clone());
        let trace = of_headers(request.metadata().as_ref());
        let StartTurnRequest {
            session_id,
            prompt,
            regenerate,
            detach,
        } = request.into_inner();
        if regenerate && !prompt.is_empty() {
            return Err(Status::invalid_argument(
                "both prompt and regenerate are set: leave the prompt empty to answer the last one \
                 again",
            ));
        }
        let turn = Turn {
            session: session_id,
            kind: if regenerate {
                TurnKind::Regenerate
            } else {
                TurnKind::Prompt(prompt)
            },
            trace,
        };
        let attachment = if detach {
            Attachment::Detached(revoked)
        } else {
            Attachment::Bound
        };
        let running = RunningTurn::start(&self.shared, agent, turn, attachment).await?;
        let events = stream::unfold((running, false), |(mut running, has_begun)| async move {
            let Some(numbered) = running.next().await else {
                // How a turn ended that has begun is its last event.
                let refused = running.end().await.err().filter(|_| !has_begun)?;
                return Some((Err(refused), (running, true)));
            };
            let event = session_event(&numbered);
            let held = running.hold(size(&numbered.event));
            let response = held.map(|()| StartTurnResponse { event: Some(event) });
            Some((response, (running, true)))
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn follow_session(
        &self,
        request: Request<FollowSessionRequest>,
    ) -> Result<Response<FollowStream>, Status> {
        let agent = self.shared.stored_agent(&request)?.id;
        let place = self.shared.answers.sessions.begin(&agent)?;
        let FollowSessionRequest {
            session_id,
            after,
            until_idle,
        } = request.into_inner();
        let agents = &self.shared.agents;
        let follower = follow_session(agents, &agent, &session_id, after, until_idle).await;
        let follower = follower.map_err(|error| status::of_agent(&error))?;
        let following = Following { follower, place };
        let items = stream::try_unfold(following, |mut following| async {
            let next = following.follower.next().await;
            let Some(item) = next.map_err(|error| status::of_store(&error))? else {
                return Ok(None);
            };
            let (item, bytes) = follow_item(item);
            following.place.hold(bytes)?;
            Ok(Some((
                FollowSessionResponse { item: Some(item) },
                following,
            )))
        });
        let stop = self.shared.stop.clone().cancelled_owned();
        Ok(Response::new(Box::pin(items.take_until(stop))))
    }

    async fn cancel_turns(
        &self,
        request: Request<CancelTurnsRequest>,
    ) -> Result<Response<CancelTurnsResponse>, Status> {
        let agent = self.shared.stored_agent(&request)?.id;
        let session = request.into_inner().session_id;
        let found = cancel_turns(&self.shared.agents, &agent, &session);
        let found = found.map_err(|error| status::of_agent(&error))?;
        Ok(Response::new(CancelTurnsResponse { found }))
    }
}

/// An item on the wire, and the bytes of its text.
fn follow_item(item: FollowItem) -> (Item, usize) {
    match item {
        FollowItem::Event(numbered) => {
            let bytes = size(&numbered.event);
            (Item::Event(session_event(&numbered)), bytes)
        }
        FollowItem::Snapshot(snapshot) => {
            let Snapshot {
                number,
                is_running,
                step,
                messages,
            } = snapshot;
            let messages: Vec<_> = messages.iter().map(snapshot_message).collect();
            let bytes = messages.iter().map(|message| message.content.len()).sum();
            let snapshot = host::Snapshot {
                number,
                running: is_running,
                messages,
                step,
            };
            (Item::Snapshot(snapshot), bytes)
        }
    }
}

fn snapshot_message(message: &Message) -> SnapshotMessage {
    SnapshotMessage {
        id: message.id,
        role: message.role().to_string(),
        content: message.text(),
        created_at: message.created_at,
        state: message.state.as_str().to_owned(),
        stop_reason: message.stop_reason.clone(),
        stop_detail: message.stop_detail.clone(),
        branch: i64::try_from(message.active_branch()).unwrap_or(i64::MAX),
    }
}

/// The bytes of text that an event holds.
fn size(event: &Event) -> usize {
    match event {
        Event::TurnStart { prompt, .. } => prompt.len(),
        Event::StepStart { .. } => 0,
        Event::TextDelta { text } | Event::StepFinish { text, .. } => text.len(),
        Event::ToolCall {
            input, repaired, ..
        } => input.len() + repaired.len(),
        Event::ApprovalRequested { reason, .. } => reason.len(),
        Event::ToolResult {
            content, receipt, ..
        } => content.len() + receipt.len(),
        Event::ToolProgress { progress, .. } => progress.message.len(),
        Event::TurnEnd(end) => end.text.len(),
    }
}

fn session_event(numbered: &Numbered) -> SessionEvent {
    let event = match Event::clone(&numbered.event) {
        Event::TurnStart {
            prompt_id,
            answer_id,
            branch,
            prompt,
        } => Wire::TurnStarted(host::TurnStarted {
            prompt_id,
            answer_id,
            branch,
            prompt,
        }),
        Event::StepStart { step } => Wire::StepStarted(host::StepStarted { step }),
        Event::TextDelta { text } => Wire::TextDelta(host::TextDelta { text }),
        Event::ToolCall {
            tool,
            id,
            input,
            repaired,
            repairs,
        } => Wire::ToolCalled(host::ToolCalled {
            tool,
            tool_id: id,
            input,
            repaired,
            repairs,
        }),
        Event::ApprovalRequested {
            tool,
            id,
            approval,
            reason,
        } => Wire::ApprovalRequested(host::ApprovalRequested {
            tool,
            tool_id: id,
            approval,
            reason,
        }),
        Event::ToolProgress { tool, id, progress } => Wire::ToolProgressed(host::ToolProgressed {
            tool,
            tool_id: id,
            done: progress.done,
            total: progress.total,
            message: progress.message,
        }),
        Event::ToolResult {
            tool,
            id,
            content,
            failed,
            duration,
            receipt,
            file,
        } => Wire::ToolAnswered(host::ToolAnswered {
            tool,
            tool_id: id,
            content,
            failed,
            duration_us: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX),
            receipt,
            file,
        }),
        Event::StepFinish { text, used } => Wire::StepFinished(host::StepFinished {
            text,
            usage: Some(usage(used)),
        }),
        Event::TurnEnd(end) => Wire::TurnEnded(turn_ended(end)),
    };
    SessionEvent {
        number: numbered.number,
        event: Some(event),
    }
}

fn turn_ended(end: TurnEnd) -> host::TurnEnded {
    let TurnEnd {
        reason,
        detail,
        text,
        used,
    } = end;
    host::TurnEnded {
        stop_reason: reason.as_str().to_owned(),
        stop_detail: detail,
        text,
        state: state(reason).to_owned(),
        usage: Some(usage(used)),
    }
}

fn usage(used: TurnUse) -> host::Usage {
    let TurnUse {
        input_tokens,
        output_tokens,
        cached_tokens,
        calls,
        fuel,
        wall,
    } = used;
    host::Usage {
        input_tokens,
        output_tokens,
        cached_tokens,
        calls,
        fuel,
        wall_us: u64::try_from(wall.as_micros()).unwrap_or(u64::MAX),
    }
}

fn state(reason: StopReason) -> &'static str {
    if reason.is_whole() {
        "complete"
    } else {
        "interrupted"
    }
}
