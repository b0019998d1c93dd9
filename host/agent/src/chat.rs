//! The chat loop: model, tool calls, results back to the model, until it has nothing more to call.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cofferdam_call::Input;
use cofferdam_model::{Message, Model, Request, ToolCall};
use cofferdam_store::{LogEvent, Role};
use cofferdam_tool::{Origin, Request as ToolRequest};
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::error::TurnError;
use crate::event::Event;
use crate::logs;
use crate::part::{Part, ToolState, history, to_json};
use crate::prompt::check_prompt;

/// The longest session id, in bytes. Those in use are a prefix and a UUID.
const MAX_SESSION_ID: usize = 256;

/// Messages in one session. A person's longest conversations have a few hundred.
const MAX_MESSAGES: i64 = 10_000;

/// Stored messages that a model reads again: the newest ones.
const HISTORY: i64 = 50;

/// Steps in one turn (`max-iterations` of the openotters runtime).
const MAX_ITERATIONS: u32 = 20;

/// The longest time an event waits for its reader. A client that takes none for so long is gone.
const EVENT_PATIENCE: Duration = Duration::from_secs(30);

/// Pieces of text between a model and the loop. A few are enough, because the loop passes them on
/// at once.
const TEXT_QUEUE: usize = 16;

/// A client's request to an agent.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The session it belongs to; any text, also an empty one.
    pub session: String,
    /// The user's prompt.
    pub prompt: String,
}

/// A turn under way.
struct Conversation<'a> {
    agent: &'a Agent,
    /// The model, as its provider was configured when the turn began.
    model: Arc<dyn Model>,
    session: &'a str,
    events: &'a mpsc::Sender<Event>,
    cancel: &'a CancellationToken,
    messages: Vec<Message>,
    /// The answer so far, and the row it is stored in once it has a part.
    parts: Vec<Part>,
    row: Option<i64>,
}

/// Runs one turn of an agent to its end and returns the answer. Every event goes to `events`; when
/// nobody takes them any more or `cancel` is called, the model is left and a running guest is
/// stopped. What was said until then stays.
pub async fn chat(
    agent: &Agent,
    turn: Turn,
    events: &mpsc::Sender<Event>,
    cancel: &CancellationToken,
) -> Result<String, TurnError> {
    let begun = Instant::now();
    let session = turn.session.clone();
    agent.log.write(&LogEvent::TurnBegun {
        session: &session,
        model: &agent.model(),
        prompt_bytes: turn.prompt.len(),
    });
    let ended = one_turn(agent, turn, events, cancel).await;
    let failure = ended.as_ref().err().map(ToString::to_string);
    agent.log.write(&LogEvent::TurnEnded {
        session: &session,
        failure: failure.as_deref(),
        duration: begun.elapsed(),
    });
    ended
}

async fn one_turn(
    agent: &Agent,
    turn: Turn,
    events: &mpsc::Sender<Event>,
    cancel: &CancellationToken,
) -> Result<String, TurnError> {
    let Turn { session, prompt } = turn;
    let model = agent.model.current()?;
    check_prompt(&prompt)?;
    if session.len() > MAX_SESSION_ID {
        return Err(TurnError::SessionId {
            size: session.len(),
            max: MAX_SESSION_ID,
        });
    }
    let running = agent.life.begin_turn(&session, cancel)?;
    if agent.store.messages.count(&agent.id, &session).await? >= MAX_MESSAGES {
        return Err(TurnError::SessionFull {
            session,
            max: MAX_MESSAGES,
        });
    }
    agent
        .store
        .messages
        .append(&agent.id, &session, Role::User, &prompt)
        .await?;
    running.announce();
    let mut messages = vec![Message::System(agent.system_prompt.clone())];
    messages.extend(history(
        agent
            .store
            .messages
            .newest(&agent.id, &session, HISTORY)
            .await?,
    ));
    let parts = Vec::new();
    let row = None;
    let conversation = Conversation {
        agent,
        model,
        session: &session,
        events,
        cancel,
        messages,
        parts,
        row,
    };
    let ended = AssertUnwindSafe(conversation.run()).catch_unwind().await;
    match ended {
        Ok(Err(TurnError::Cancelled)) if !agent.life.is_open() => Err(TurnError::AtRest),
        Ok(ended) => ended,
        // The hook for panics has said where.
        Err(_) => {
            agent.life.crashed();
            Err(TurnError::Crashed)
        }
    }
}

impl Conversation<'_> {
    async fn run(mut self) -> Result<String, TurnError> {
        let mut answer = String::new();
        for step in 0..MAX_ITERATIONS {
            self.emit(Event::StepStart { step }).await?;
            let said = self.ask().await?;
            answer.clone_from(&said.text);
            let calls = said.tool_calls.clone();
            self.messages.push(Message::Assistant {
                text: said.text,
                tool_calls: said.tool_calls,
                thinking: said.thinking,
            });
            for call in &calls {
                self.call(call).await?;
            }
            self.emit(Event::StepFinish {
                text: answer.clone(),
            })
            .await?;
            if calls.is_empty() {
                self.emit(Event::MessageCreate {
                    text: answer.clone(),
                })
                .await?;
                return Ok(answer);
            }
        }
        // The model would go on. Its user reads why it does not.
        let note = format!("[stopped after {MAX_ITERATIONS} steps]");
        let answer = if answer.is_empty() {
            note
        } else {
            format!("{answer}\n\n{note}")
        };
        self.parts.push(Part::Text {
            text: answer.clone(),
        });
        self.save().await?;
        self.emit(Event::MessageCreate {
            text: answer.clone(),
        })
        .await?;
        Ok(answer)
    }

    /// One step of the model, its text passed on as it comes.
    async fn ask(&mut self) -> Result<cofferdam_model::Turn, TurnError> {
        let agent = self.agent;
        let cancel = self.cancel;
        let tools = agent.descriptors();
        let request = Request {
            messages: self.messages.clone(),
            tools,
            sampling: agent.sampling.clone(),
            object: None,
        };
        let (text, mut pieces) = mpsc::channel(TEXT_QUEUE);
        let model = self.model.turn(request, text);
        let pass_on = async {
            while let Some(text) = pieces.recv().await {
                self.emit(Event::TextDelta { text }).await?;
            }
            Ok::<(), TurnError>(())
        };
        let both =
            async { tokio::try_join!(async { model.await.map_err(TurnError::from) }, pass_on) };
        let (said, ()) = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(TurnError::Cancelled),
            said = both => said?,
        };
        if !said.text.is_empty() {
            self.parts.push(Part::Text {
                text: said.text.clone(),
            });
            self.save().await?;
        }
        Ok(said)
    }

    /// One tool call: stored before it runs and after, so that a host that dies in between leaves
    /// the call behind.
    async fn call(&mut self, call: &ToolCall) -> Result<(), TurnError> {
        let tool = call.name.clone();
        let id = call.id.clone();
        let input = call.arguments.to_string();
        let part = |output: &str, state, duration_ms| Part::Tool {
            tool_id: id.clone(),
            name: tool.clone(),
            input: input.clone(),
            output: output.to_owned(),
            state,
            duration_ms,
        };
        let place = self.parts.len();
        self.parts.push(part("", ToolState::InputAvailable, 0));
        self.save().await?;
        self.emit(Event::ToolCall {
            tool: tool.clone(),
            id: id.clone(),
            input: input.clone(),
        })
        .await?;

        let started = Instant::now();
        let request = ToolRequest {
            toolbox: Arc::clone(&self.agent.toolbox),
            tool: tool.clone(),
            input: Input::Json(input.clone()),
            origin: Origin::session(&self.agent.name, self.session),
            progress: None,
            cancel: self.cancel.clone(),
        };
        let answer = self.agent.answer(request).await;
        let duration = started.elapsed();
        logs::called(
            &self.agent.log,
            Some(self.session),
            &tool,
            &answer,
            duration,
        );

        self.parts.truncate(place);
        self.parts.push(part(
            &answer.content,
            ToolState::OutputAvailable,
            at_least_a_millisecond(duration),
        ));
        self.save().await?;
        if self.cancel.is_cancelled() {
            return Err(TurnError::Cancelled);
        }
        let content = answer.content;
        let failed = answer.failed;
        let result = Message::ToolResult {
            call_id: id.clone(),
            tool: tool.clone(),
            content: content.clone(),
            failed,
        };
        self.messages.push(result);
        self.emit(Event::ToolResult {
            tool,
            id,
            content,
            duration,
        })
        .await
    }

    /// Stores the answer as far as it goes.
    async fn save(&mut self) -> Result<(), TurnError> {
        let store = &self.agent.store;
        let content = to_json(&self.parts);
        match self.row {
            Some(row) => store.messages.update(row, &content).await?,
            None => {
                self.row = Some(
                    store
                        .messages
                        .append(&self.agent.id, self.session, Role::Assistant, &content)
                        .await?,
                )
            }
        }
        Ok(())
    }

    async fn emit(&self, event: Event) -> Result<(), TurnError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(TurnError::Cancelled),
            sent = tokio::time::timeout(EVENT_PATIENCE, self.events.send(event)) => match sent {
                Ok(Ok(())) => Ok(()),
                // The reader is gone, which is how a client cancels.
                Ok(Err(_)) => Err(TurnError::Cancelled),
                Err(_) => Err(TurnError::Stalled(EVENT_PATIENCE.as_secs())),
            },
        }
    }
}

/// Milliseconds as clients show them: a call that took less than one still took time.
fn at_least_a_millisecond(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis())
        .unwrap_or(i64::MAX)
        .max(1)
}
