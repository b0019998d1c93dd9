//! Turns and followed sessions, as a client of a running host sees them.

use cofferdam_proto::host::chat_client::ChatClient;
use cofferdam_proto::host::follow_session_response::Item;
use cofferdam_proto::host::session_event::Event;
use cofferdam_proto::host::sessions_client::SessionsClient;
use cofferdam_proto::host::{
    ApprovalRequested, CancelTurnsRequest, CompactSessionRequest, FollowSessionRequest,
    FollowSessionResponse, SessionEvent, Snapshot, StartTurnRequest, StartTurnResponse,
    StepStarted, TextDelta, ToolAnswered, ToolCalled, ToolProgressed, TurnEnded, TurnStarted,
    Usage,
};
use serde::Serialize;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::client::{Client, to_agent};
use crate::client_error::ClientError;

/// The largest message that is read, in bytes (64 MiB).
const MAX_MESSAGE: usize = 64 << 20;

/// A turn that a client asks for.
#[derive(Debug)]
pub struct NewTurn {
    /// The session.
    pub session: String,
    /// The prompt; none for another answer to the last one.
    pub prompt: Option<String>,
    /// True if the turn goes on when the client goes away.
    pub detach: bool,
}

/// An event of a session.
#[derive(Debug, Default, Serialize)]
pub struct ChatEvent {
    /// Its kind, such as `text.delta`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its number in the session.
    pub number: i64,
    /// The step of the turn, where one begins.
    pub step: u32,
    /// The tool that is called or has answered.
    pub tool: String,
    /// The prompt, text, the input of a tool, its answer, or the answer of the turn.
    pub content: String,
    /// The id of the call.
    pub tool_id: String,
    /// The time that a tool or a turn took, in milliseconds.
    pub duration_ms: i64,
    /// The id of the question that a call waits for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub approval: String,
    /// The input that the tool got, if the model's was mended.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub repaired: String,
    /// The mistakes in that input, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<String>,
    /// True if a tool did not do its work.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// The file that holds the whole answer of a tool, where the content was cut.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The name of the reason why the turn ended.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stop_reason: String,
    /// The sentence about a reason other than `end`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stop_detail: String,
    /// The progress of a tool that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressEntry>,
    /// Resources that the turn used, where it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageEntry>,
    /// The numbers of the messages of a turn that begins: prompt and answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<(i64, i64)>,
    /// The session as it is, in place of events that are not kept any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Vec<SnapshotEntry>>,
}

/// The progress of a call that runs.
#[derive(Debug, Serialize)]
pub struct ProgressEntry {
    /// The amount done, in whatever the tool counts.
    pub done: u64,
    /// The amount to do, where the tool knows it.
    pub total: Option<u64>,
    /// The present activity; may be empty.
    pub message: String,
}

/// Resources that a turn used.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct UsageEntry {
    /// Tokens that the model read, as its vendor counts them; 0 where the vendor says nothing.
    pub input_tokens: u64,
    /// Tokens that it wrote.
    pub output_tokens: u64,
    /// The part of those that it read that its vendor had from before.
    pub cached_tokens: u64,
    /// Calls of tools.
    pub calls: u32,
    /// Fuel of these calls.
    pub fuel: u64,
    /// Time, in milliseconds. For machines it is that of the event.
    #[serde(skip)]
    pub duration_ms: u64,
}

/// A message of a snapshot.
#[derive(Debug, Serialize)]
pub struct SnapshotEntry {
    /// Its number.
    pub id: i64,
    /// `user` or `assistant`.
    pub role: String,
    /// The prompt, or the parts of an answer as JSON.
    pub content: String,
    /// `running`, `complete` or `interrupted`.
    pub state: String,
}

/// The events of a turn, as they happen.
#[derive(Debug)]
pub struct ChatEvents(Streaming<StartTurnResponse>);

/// The events of a session, as they happen.
#[derive(Debug)]
pub struct SessionEvents(Streaming<FollowSessionResponse>);

/// Begins a turn.
pub async fn start_turn(
    client: &Client,
    agent: &str,
    turn: NewTurn,
) -> Result<ChatEvents, ClientError> {
    let NewTurn {
        session,
        prompt,
        detach,
    } = turn;
    let request = StartTurnRequest {
        session_id: session,
        regenerate: prompt.is_none(),
        prompt: prompt.unwrap_or_default(),
        detach,
    };
    let mut chat = chat_client(client);
    let events = chat.start_turn(to_agent(Some(agent), request)?).await?;
    Ok(ChatEvents(events.into_inner()))
}

/// Follows a session from the event after this number on; with `until_idle` until no turn runs.
pub async fn follow_session(
    client: &Client,
    agent: Option<&str>,
    session: String,
    after: i64,
    until_idle: bool,
) -> Result<SessionEvents, ClientError> {
    let request = FollowSessionRequest {
        session_id: session,
        after,
        until_idle,
    };
    let mut chat = chat_client(client);
    let events = chat.follow_session(to_agent(agent, request)?).await?;
    Ok(SessionEvents(events.into_inner()))
}

/// Cancels the turns of a session, and returns true if there was one.
pub async fn cancel_turns(
    client: &Client,
    agent: Option<&str>,
    session: String,
) -> Result<bool, ClientError> {
    let request = CancelTurnsRequest {
        session_id: session,
    };
    let mut chat = chat_client(client);
    let cancelled = chat.cancel_turns(to_agent(agent, request)?).await?;
    Ok(cancelled.into_inner().found)
}

/// Lets a summary stand for the older messages of a session, and returns how many of them. It is
/// answered when the model has made the summary.
pub async fn compact_session(
    client: &Client,
    agent: Option<&str>,
    session: String,
) -> Result<u64, ClientError> {
    let request = CompactSessionRequest {
        session_id: session,
    };
    let mut sessions = SessionsClient::new(client.channel());
    let compacted = sessions.compact_session(to_agent(agent, request)?).await?;
    Ok(compacted.into_inner().messages)
}

fn chat_client(client: &Client) -> ChatClient<Channel> {
    ChatClient::new(client.channel()).max_decoding_message_size(MAX_MESSAGE)
}

impl ChatEvents {
    /// Waits for the next event; there is none after the end of the turn.
    pub async fn next(&mut self) -> Result<Option<ChatEvent>, ClientError> {
        let response = self.0.message().await?;
        Ok(response.and_then(|response| response.event).map(event))
    }
}

impl SessionEvents {
    /// Waits for the next event; there is none after the session was deleted.
    pub async fn next(&mut self) -> Result<Option<ChatEvent>, ClientError> {
        let response = self.0.message().await?;
        let item = response.and_then(|response| response.item);
        Ok(item.map(|item| match item {
            Item::Event(told) => event(told),
            Item::Snapshot(told) => snapshot(told),
        }))
    }
}

impl ChatEvent {
    fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            ..Self::default()
        }
    }
}

fn snapshot(told: Snapshot) -> ChatEvent {
    let Snapshot {
        number,
        running: _,
        messages,
        step,
    } = told;
    let entry = |message: cofferdam_proto::host::SnapshotMessage| SnapshotEntry {
        id: message.id,
        role: message.role,
        content: message.content,
        state: message.state,
    };
    ChatEvent {
        number,
        step,
        snapshot: Some(messages.into_iter().map(entry).collect()),
        ..ChatEvent::new("snapshot")
    }
}

fn event(told: SessionEvent) -> ChatEvent {
    let SessionEvent { number, event } = told;
    let event = match event {
        // A newer host may tell more kinds.
        None => ChatEvent::default(),
        Some(Event::TurnStarted(TurnStarted {
            prompt_id,
            answer_id,
            branch: _,
            prompt,
        })) => ChatEvent {
            content: prompt,
            messages: Some((prompt_id, answer_id)),
            ..ChatEvent::new("turn.start")
        },
        Some(Event::StepStarted(StepStarted { step })) => ChatEvent {
            step,
            ..ChatEvent::new("step.start")
        },
        Some(Event::TextDelta(TextDelta { text })) => ChatEvent {
            content: text,
            ..ChatEvent::new("text.delta")
        },
        Some(Event::ToolCalled(called)) => tool_called(called),
        Some(Event::ApprovalRequested(ApprovalRequested {
            tool,
            tool_id,
            approval,
            reason,
        })) => ChatEvent {
            tool,
            tool_id,
            approval,
            content: reason,
            ..ChatEvent::new("approval.requested")
        },
        Some(Event::ToolProgressed(progressed)) => tool_progressed(progressed),
        Some(Event::ToolAnswered(answered)) => tool_answered(answered),
        Some(Event::StepFinished(finished)) => ChatEvent {
            content: finished.text,
            ..ChatEvent::new("step.finish")
        },
        Some(Event::TurnEnded(ended)) => turn_ended(ended),
    };
    ChatEvent { number, ..event }
}

fn tool_called(called: ToolCalled) -> ChatEvent {
    let ToolCalled {
        tool,
        tool_id,
        input,
        repaired,
        repairs,
    } = called;
    ChatEvent {
        tool,
        tool_id,
        content: input,
        repaired,
        repairs,
        ..ChatEvent::new("tool.call")
    }
}

fn tool_progressed(progressed: ToolProgressed) -> ChatEvent {
    let ToolProgressed {
        tool,
        tool_id,
        done,
        total,
        message,
    } = progressed;
    ChatEvent {
        tool,
        tool_id,
        progress: Some(ProgressEntry {
            done,
            total,
            message,
        }),
        ..ChatEvent::new("tool.progress")
    }
}

fn tool_answered(answered: ToolAnswered) -> ChatEvent {
    let ToolAnswered {
        tool,
        tool_id,
        content,
        failed,
        duration_us,
        receipt: _,
        file,
    } = answered;
    ChatEvent {
        tool,
        tool_id,
        content,
        duration_ms: milliseconds(duration_us.unsigned_abs()),
        failed,
        file,
        ..ChatEvent::new("tool.result")
    }
}

/// The end of a turn: `message.create` where the answer is whole.
fn turn_ended(ended: TurnEnded) -> ChatEvent {
    let TurnEnded {
        stop_reason,
        stop_detail,
        text,
        state,
        usage,
    } = ended;
    let kind = match state.as_str() {
        "complete" => "message.create",
        _ => "turn.interrupted",
    };
    ChatEvent {
        content: text,
        stop_reason,
        stop_detail,
        duration_ms: usage.map_or(0, |usage| milliseconds(usage.wall_us)),
        usage: usage.map(used),
        ..ChatEvent::new(kind)
    }
}

/// Milliseconds, of which what took less than one took one.
fn milliseconds(microseconds: u64) -> i64 {
    i64::try_from(microseconds / 1_000)
        .unwrap_or(i64::MAX)
        .max(1)
}

fn used(usage: Usage) -> UsageEntry {
    let Usage {
        input_tokens,
        output_tokens,
        cached_tokens,
        calls,
        fuel,
        wall_us,
    } = usage;
    UsageEntry {
        input_tokens,
        output_tokens,
        cached_tokens,
        calls,
        fuel,
        duration_ms: wall_us / 1_000,
    }
}
