//! One turn of a session, from its prompt to its end.

use std::path::PathBuf;
use std::time::Duration;

use cofferdam_server::{ChatEvent, ChatEvents, Client, NewTurn, UsageEntry};
use cofferdam_server::{cancel_turns, start_turn};
use tokio::signal::unix::Signal;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::printer::Printer;
use super::question::Question;
use crate::connect::connect;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::signals;

/// Time between two drawings of the calls that run.
const TICK: Duration = Duration::from_secs(1);

/// The session that prompts go to, and the tie to their turns.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) agent: String,
    pub(super) session: String,
    /// True if a turn goes on when this command ends.
    pub(super) detach: bool,
    pub(super) format: Format,
    pub(super) data: PathBuf,
}

/// A turn that has ended, or was left.
#[derive(Debug)]
pub(super) struct Turned {
    /// Resources that it used; none if its end was not waited for.
    pub(super) usage: Option<UsageEntry>,
    /// The failure of a turn that did not come to its end.
    pub(super) failure: Option<Failure>,
}

/// A turn that is being watched.
struct Watched<'a> {
    asker: &'a Asker,
    client: Client,
    events: ChatEvents,
    printer: Printer,
    /// True once the prompt is stored: the turns before it in the session are over.
    has_begun: bool,
    /// True once this command has cancelled it.
    is_cancelled: bool,
    /// The question that is on the terminal.
    question: Option<Question>,
    last: Option<ChatEvent>,
}

impl Asker {
    /// Runs a turn, and prints it as it happens. Ctrl-C cancels it, or leaves one that goes on
    /// without this command; a second one waits for nothing.
    ///
    /// # Errors
    ///
    /// If there was no turn, or its end did not come.
    pub(super) async fn ask(&self, prompt: String) -> Result<Turned, Failure> {
        let mut interrupts = signals::interrupt()?;
        let client = connect(&self.data).await?;
        let turn = NewTurn {
            session: self.session.clone(),
            prompt: Some(prompt),
            detach: self.detach,
        };
        let events = tokio::select! {
            started = start_turn(&client, &self.agent, turn) => started?,
            _ = interrupts.recv() => return Ok(left("the prompt was not sent")),
        };
        let mut watched = Watched {
            asker: self,
            client,
            events,
            printer: Printer::new(&self.session),
            has_begun: false,
            is_cancelled: false,
            question: None,
            last: None,
        };
        let turned = watched.watch(&mut interrupts).await;
        watched.printer.leave();
        turned
    }
}

impl Watched<'_> {
    async fn watch(&mut self, interrupts: &mut Signal) -> Result<Turned, Failure> {
        let mut ticks = interval_at(Instant::now() + TICK, TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.events.next() => match event? {
                    Some(event) => {
                        if event.kind == "tool.call" {
                            // Most calls are over before anything is to be drawn.
                            ticks.reset();
                        }
                        let approval = event.approval.clone();
                        // It is decided, wherever that was.
                        self.question = None;
                        self.tell(event)?;
                        if !approval.is_empty() && self.asker.format == Format::Table {
                            self.question = Question::ask(&self.client, &approval).await?;
                        }
                    }
                    None => return Ok(self.end()),
                },
                _ = interrupts.recv() => {
                    if let Some(turned) = self.interrupt().await? {
                        return Ok(turned);
                    }
                }
                decided = answer(&mut self.question) => {
                    if decided? {
                        self.question = None;
                    }
                }
                _ = ticks.tick(), if self.is_drawing() => self.printer.draw(),
            }
        }
    }

    /// True while the calls that run are drawn, which a question would be drawn over by.
    fn is_drawing(&self) -> bool {
        self.question.is_none() && self.printer.is_waiting()
    }

    fn tell(&mut self, event: ChatEvent) -> Result<(), Failure> {
        match (self.asker.format, event.kind.as_str()) {
            // Who asked knows the prompt.
            (_, "turn.start") => self.has_begun = true,
            (Format::Json, _) => console::json(&event)?,
            (Format::Table, _) => self.printer.print(&event),
        }
        self.last = Some(event);
        Ok(())
    }

    /// The turn is over.
    fn end(&mut self) -> Turned {
        let Some(end) = self.last.take() else {
            return left("the turn did not begin");
        };
        let failure = match (end.stop_detail.as_str(), self.is_cancelled) {
            ("", _) => None,
            (detail, true) => Some(Failure::interrupted(detail.to_owned())),
            (detail, false) => Some(Failure::work(detail.to_owned())),
        };
        Turned {
            usage: end.usage,
            failure,
        }
    }

    /// Cancels the turn once, and goes on to its end. Returns a turn that is left before.
    async fn interrupt(&mut self) -> Result<Option<Turned>, Failure> {
        self.printer.clear();
        let Asker {
            agent,
            session,
            detach,
            ..
        } = self.asker;
        if *detach {
            return Ok(Some(left(&format!(
                "the turn goes on without this command: `cofferdam sessions follow {session}` \
                 tells more of it, `cofferdam sessions cancel {session}` ends it"
            ))));
        }
        // It ends with the connection. Turns before it in the session may be those of others.
        if self.is_cancelled || !self.has_begun {
            return Ok(Some(left("the turn was cancelled")));
        }
        self.is_cancelled = true;
        cancel_turns(&self.client, Some(agent), session.clone()).await?;
        Ok(None)
    }
}

/// Waits for an answer, if something is asked.
async fn answer(question: &mut Option<Question>) -> Result<bool, Failure> {
    match question {
        Some(question) => question.decide().await,
        None => std::future::pending().await,
    }
}

/// A turn whose end is not waited for.
fn left(sentence: &str) -> Turned {
    Turned {
        usage: None,
        failure: Some(Failure::interrupted(sentence.to_owned())),
    }
}
