//! The steps of one turn.

use std::sync::Arc;
use std::time::Duration;

use cofferdam_call::TraceParent;
use cofferdam_model::{Finish, Message, Model, Request, ToolCall};
use cofferdam_store::{AnswerWriter, BegunCall, Part, WaitingCall};
use cofferdam_tool::{Repaired, repaired};
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::call::{Begun, Caller, Ended, News, Waiting, at_least_a_millisecond};
use super::history;
use crate::agent::Agent;
use crate::asking::ask;
use crate::error::TurnError;
use crate::event::Event;
use crate::listeners::Listeners;
use crate::live::{Pushed, RESERVED};
use crate::stop::{StopReason, TurnEnd};
use crate::turn_limits::{Exhausted, Spent};

/// Pieces of text between a model and the loop. A few are enough, because the loop passes them on
/// at once.
const TEXT_QUEUE: usize = 16;

/// News of running calls between them and the loop, which passes them on at once.
const NEWS_QUEUE: usize = 16;

/// A turn under way.
pub(super) struct Conversation<'a> {
    pub(super) agent: &'a Agent,
    /// The model, as its provider was configured when the turn began.
    pub(super) model: Arc<dyn Model>,
    pub(super) session: &'a str,
    /// The trace that its client has named.
    pub(super) trace: Option<TraceParent>,
    pub(super) listeners: &'a mut Listeners,
    pub(super) cancel: &'a CancellationToken,
    pub(super) messages: Vec<Message>,
    /// The answer, which is stored as far as it goes.
    pub(super) answer: &'a mut AnswerWriter,
    pub(super) spent: &'a mut Spent,
}

/// The answer of a model to one step.
enum Asked {
    Said(cofferdam_model::Turn),
    /// The time of the turn was over before; what it said until then.
    Late(String),
}

/// The part of an answer that was there before its turn goes on.
pub(super) struct Resumed {
    pub(super) parts: Vec<Part>,
    pub(super) calls: Vec<WaitingCall>,
}

impl Conversation<'_> {
    pub(super) async fn run(mut self, resumed: Option<Resumed>) -> Result<TurnEnd, TurnError> {
        let most = self.agent.turns.max_iterations;
        let mut answer = String::new();
        let first = match resumed {
            Some(resumed) => self.resume(resumed).await?,
            None => 0,
        };
        for step in first..most {
            if let Some(end) = self.spent.exhausted() {
                return Ok(self.early(end, &answer));
            }
            let before = self.spent.told();
            self.answer.begin_step(step).await?;
            self.emit(Event::StepStart { step }).await?;
            let said = match self.ask().await? {
                Asked::Said(said) => said,
                Asked::Late(said) => return Ok(self.early(self.spent.late(), &said)),
            };
            answer.clone_from(&said.text);
            let calls = said.tool_calls.clone();
            self.messages.push(Message::Assistant {
                text: said.text,
                tool_calls: said.tool_calls,
                thinking: said.thinking,
            });
            let refused = self.calls(&calls).await?;
            self.emit(Event::StepFinish {
                text: answer.clone(),
                used: self.spent.told().since(before),
            })
            .await?;
            if let Some(end) = refused {
                return Ok(self.early(end, &answer));
            }
            if calls.is_empty() {
                if let Some(end) = incomplete(said.finish, &answer) {
                    return Ok(self.early(end, &answer));
                }
                return Ok(TurnEnd {
                    reason: StopReason::End,
                    detail: String::new(),
                    text: answer,
                    used: self.spent.told(),
                });
            }
        }
        let end = Exhausted {
            reason: StopReason::MaxIterations,
            detail: format!("stopped after {most} steps"),
        };
        Ok(self.early(end, &answer))
    }

    /// Takes up a turn that waits for a person: the model reads again what it said, and the calls
    /// that wait go on. Returns the step that comes next.
    async fn resume(&mut self, resumed: Resumed) -> Result<u32, TurnError> {
        let Resumed { parts, calls } = resumed;
        let waits = |id: &str| calls.iter().any(|call| call.tool_id == id);
        let step = parts.last().map_or(0, Part::step);
        let mut said = Vec::new();
        history::steps(parts, &mut said);
        // The results of those that wait come when they have them.
        said.retain(|message| match message {
            Message::ToolResult { call_id, .. } => !waits(call_id),
            _ => true,
        });
        self.messages.extend(said);
        let begun = calls.into_iter().map(|call| {
            let WaitingCall {
                approval,
                place,
                tool_id,
                tool,
            } = call;
            Begun {
                id: tool_id,
                tool,
                input: String::new(),
                place,
                refused: None,
                question: Some(approval),
            }
        });
        self.run_all(begun.collect()).await?;
        let text = String::new();
        let used = self.spent.told();
        self.emit(Event::StepFinish { text, used }).await?;
        Ok(step + 1)
    }

    /// The end of a turn whose model would have gone on. Its user reads why it did not.
    fn early(&self, end: Exhausted, answer: &str) -> TurnEnd {
        let Exhausted { reason, detail } = end;
        let text = if answer.is_empty() {
            format!("[{detail}]")
        } else {
            format!("{answer}\n\n[{detail}]")
        };
        TurnEnd {
            reason,
            detail,
            text,
            used: self.spent.told(),
        }
    }

    /// The calls of one step: one after the other, or several at once where the agent allows it.
    /// Returns the bound of the turn that left no room for one of them, if there was one.
    async fn calls(&mut self, calls: &[ToolCall]) -> Result<Option<Exhausted>, TurnError> {
        let mut refused = None;
        for some in calls.chunks(self.agent.turns.parallel) {
            let end = self.several(some).await?;
            refused = refused.or(end);
        }
        Ok(refused)
    }

    /// Calls of one step that run at once: each is stored before it runs and after, so that a host
    /// that dies in between leaves it behind. Results come in the order of the calls. Returns the
    /// bound of the turn that left no room for one of them, if there was one.
    async fn several(&mut self, calls: &[ToolCall]) -> Result<Option<Exhausted>, TurnError> {
        let mut begun = Vec::new();
        for call in calls {
            begun.push(self.begin(call).await?);
        }
        let refused = begun.iter().find_map(|call| call.refused.clone());
        self.run_all(begun).await?;
        Ok(refused)
    }

    /// Runs calls that have begun, all at once, and stores what comes of them. A turn whose agent
    /// is stopped while one of them waits for a person goes on later.
    async fn run_all(&mut self, begun: Vec<Begun>) -> Result<(), TurnError> {
        let count = begun.len().max(1);
        let (waiting, mut questions) = mpsc::channel(count);
        let (news, mut heard) = mpsc::channel(NEWS_QUEUE);
        let caller = Caller {
            agent: self.agent,
            session: self.session,
            trace: self.trace,
            cancel: self.cancel,
            deadline: self.spent.deadline(),
            waiting: &waiting,
            news: &news,
        };
        let running = begun.into_iter().map(|call| caller.run(call));
        let mut ended = stream::iter(running).buffered(count);
        let mut suspended = false;
        let mut waited = Duration::ZERO;
        loop {
            tokio::select! {
                biased;
                Some(question) = questions.recv() => self.wait_for(question).await?,
                Some(news) = heard.recv() => self.progress(news).await?,
                call = ended.next() => {
                    // News of it come before its end.
                    while let Ok(news) = heard.try_recv() {
                        self.progress(news).await?;
                    }
                    match call {
                        Some(call) if call.suspended => suspended = true,
                        Some(call) => {
                            waited = waited.max(call.waited);
                            self.end(call).await?;
                        }
                        None => break,
                    }
                }
            }
        }
        self.spent.wait(waited);
        if suspended {
            return Err(TurnError::Suspended);
        }
        Ok(())
    }

    /// Stores that a call waits for a person, and tells it.
    async fn wait_for(&mut self, waiting: Waiting) -> Result<(), TurnError> {
        let Waiting {
            id,
            tool,
            place,
            question,
            reason,
        } = waiting;
        let live = Arc::clone(&self.listeners.live);
        let moment = live.moment().await;
        let message = self.answer.id();
        let branch = self.answer.branch();
        let approvals = &self.agent.approvals;
        approvals.attach(&question, message, branch, place).await?;
        let pushed = live.push(Event::ApprovalRequested {
            tool,
            id,
            approval: question,
            reason,
        });
        drop(moment);
        self.tell(pushed).await
    }

    /// Stores a call and tells it.
    async fn begin(&mut self, call: &ToolCall) -> Result<Begun, TurnError> {
        let ToolCall {
            id,
            name,
            arguments,
        } = call;
        let refused = self.spent.exhausted_for_calls();
        let written = arguments.to_string();
        let tool = self.agent.toolbox.get(name).ok();
        let mended = tool.and_then(|tool| repaired(tool, arguments));
        let (repaired, repairs) = match mended {
            Some(Repaired { input, repairs }) => (input.to_string(), repairs),
            None => (String::new(), Vec::new()),
        };
        let live = Arc::clone(&self.listeners.live);
        let moment = live.moment().await;
        let stored = BegunCall {
            tool_id: id,
            name,
            input: &written,
            repaired: &repaired,
        };
        let place = self.answer.call(stored).await?;
        let pushed = live.push(Event::ToolCall {
            tool: name.clone(),
            id: id.clone(),
            input: written.clone(),
            repaired: repaired.clone(),
            repairs,
        });
        drop(moment);
        if refused.is_none() {
            self.spent.call();
        }
        self.tell(pushed).await?;
        Ok(Begun {
            id: id.clone(),
            tool: name.clone(),
            input: if repaired.is_empty() {
                written
            } else {
                repaired
            },
            place,
            refused,
            question: None,
        })
    }

    /// Tells the progress of a call. Nothing of it is stored.
    async fn progress(&mut self, news: News) -> Result<(), TurnError> {
        let News { id, tool, progress } = news;
        self.emit(Event::ToolProgress { tool, id, progress }).await
    }

    /// Stores the result of a call and tells it.
    async fn end(&mut self, call: Ended) -> Result<(), TurnError> {
        let Ended {
            begun,
            content,
            failed,
            duration,
            receipt,
            fuel,
            file,
            waited: _,
            suspended: _,
        } = call;
        self.spent.burn(fuel);
        self.spent.say(content.len());
        let live = Arc::clone(&self.listeners.live);
        let moment = live.moment().await;
        let milliseconds = at_least_a_millisecond(duration);
        self.answer
            .result(begun.place, &content, failed, milliseconds)
            .await?;
        let pushed = live.push(Event::ToolResult {
            tool: begun.tool.clone(),
            id: begun.id.clone(),
            content: content.clone(),
            failed,
            duration,
            receipt,
            file,
        });
        drop(moment);
        self.messages.push(Message::ToolResult {
            call_id: begun.id,
            tool: begun.tool,
            content,
            failed,
        });
        self.tell(pushed).await
    }

    /// One step of the model. Its text is stored and then passed on, as it comes.
    async fn ask(&mut self) -> Result<Asked, TurnError> {
        let request = Request {
            messages: self.messages.clone(),
            tools: self.agent.descriptors(),
            sampling: self.agent.sampling.clone(),
            object: None,
        };
        let read: usize = request.messages.iter().map(Message::bytes).sum();
        let (text, mut pieces) = mpsc::channel(TEXT_QUEUE);
        let model = Arc::clone(&self.model);
        let mut asked = std::pin::pin!(ask(self.agent, &*model, request, text));
        let mut said = None;
        let mut streamed = String::new();
        loop {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => {
                    self.keep(&mut pieces).await?;
                    return Err(TurnError::Cancelled);
                }
                () = tokio::time::sleep_until(self.spent.deadline()) => {
                    self.keep(&mut pieces).await?;
                    return Ok(Asked::Late(streamed));
                }
                Some(mut piece) = pieces.recv() => {
                    // Those that came while the one before was stored go with it.
                    while let Ok(more) = pieces.try_recv() {
                        piece.push_str(&more);
                    }
                    streamed.push_str(&piece);
                    self.say(piece).await?;
                }
                answered = &mut asked, if said.is_none() => said = Some(answered),
            }
            if said.is_some() && pieces.is_closed() && pieces.is_empty() {
                break;
            }
        }
        let said = said.ok_or(TurnError::Crashed)??;
        let rest = said.text.get(streamed.len()..).unwrap_or_default();
        if !rest.is_empty() {
            self.say(rest.to_owned()).await?;
        }
        self.spent.step(said.usage, read + said.text.len());
        Ok(Asked::Said(said))
    }

    /// Stores and tells a piece of text.
    async fn say(&mut self, text: String) -> Result<(), TurnError> {
        self.spent.say(text.len());
        let live = Arc::clone(&self.listeners.live);
        let moment = live.moment().await;
        self.answer.text(&text).await?;
        let pushed = live.push(Event::TextDelta { text });
        drop(moment);
        self.tell(pushed).await
    }

    /// Stores text that nobody waits for any more, and tells those who follow.
    async fn keep(&mut self, pieces: &mut mpsc::Receiver<String>) -> Result<(), TurnError> {
        let mut text = String::new();
        while let Ok(piece) = pieces.try_recv() {
            text.push_str(&piece);
        }
        if !text.is_empty() {
            let live = Arc::clone(&self.listeners.live);
            let _moment = live.moment().await;
            self.answer.text(&text).await?;
            live.push(Event::TextDelta { text });
        }
        Ok(())
    }

    /// Tells an event that changes nothing that is stored.
    async fn emit(&mut self, event: Event) -> Result<(), TurnError> {
        let pushed = self.listeners.live.push(event);
        self.tell(pushed).await
    }

    /// Waits until the client has taken an event.
    async fn tell(&mut self, pushed: Pushed) -> Result<(), TurnError> {
        if pushed.is_last_number {
            let live = &self.listeners.live;
            let reserved = live.last() + RESERVED;
            let agent = self.agent;
            let turns = &agent.store.turns;
            turns
                .reserve_events(&agent.id, self.session, reserved)
                .await?;
            live.reserved(reserved);
        }
        self.listeners.tell(pushed, self.cancel).await
    }
}

/// The end of a turn whose last answer is not all that the model had to say.
fn incomplete(finish: Finish, answer: &str) -> Option<Exhausted> {
    let (reason, detail) = match finish {
        Finish::Length => (
            StopReason::AnswerLength,
            "the answer was cut: the model had more to say than `CONFIG max-tokens` allows",
        ),
        Finish::Filtered => (
            StopReason::AnswerWithheld,
            "the provider withheld a part of the answer",
        ),
        Finish::Done if answer.trim().is_empty() => (
            StopReason::AnswerEmpty,
            "the model gave an empty answer: ask again, or another model",
        ),
        Finish::Done => return None,
    };
    Some(Exhausted {
        reason,
        detail: detail.to_owned(),
    })
}
