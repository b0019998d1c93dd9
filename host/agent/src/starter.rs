//! Agents made ready: a few at once, each within a time, and each in a task of its own, so that one
//! that panics concerns no other.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cofferdam_store::{KnownAgent, State};
use futures_util::FutureExt;
use tokio::sync::Semaphore;

use crate::agent::Agent;
use crate::backoff::Backoff;
use crate::crashes::Crashes;
use crate::error::AgentError;
use crate::journal::Journal;
use crate::lifecycle::{Event, may_pass};
use crate::maker::{Draft, Maker};
use crate::resume::resume;
use crate::slot::Slot;

/// Agents that are prepared at once. Each holds its components in memory until they are loaded, and
/// most of the work has the cores of the machine anyway.
const AT_ONCE: usize = 8;

/// The longest time until an agent is ready: the longest wait for the compiler (five minutes), its
/// longest compilation (five), and room for the rest.
const READY_WITHIN: Duration = Duration::from_secs(900);

/// Hears of each agent that is ready, before it takes turns.
pub type OnReady = Box<dyn Fn(&Agent) + Send + Sync>;

/// Makes agents ready, and tries those again that fail.
pub(crate) struct Starter {
    pub(crate) maker: Maker,
    pub(crate) journal: Journal,
    pub(crate) on_ready: OnReady,
    places: Semaphore,
    backoff: Backoff,
    crashes: Crashes,
}

impl Starter {
    pub(crate) fn new(maker: Maker, journal: Journal, on_ready: OnReady) -> Self {
        Self {
            maker,
            journal,
            on_ready,
            places: Semaphore::new(AT_ONCE),
            backoff: Backoff::default(),
            crashes: Crashes::default(),
        }
    }

    /// Does the work of making an agent ready in a place of its own, within the time that there is,
    /// until somebody interrupts it.
    pub(crate) async fn within<T>(
        &self,
        slot: &Slot,
        work: impl Future<Output = Result<T, AgentError>>,
    ) -> Result<T, AgentError> {
        let agent = || slot.known().name;
        let interrupted = slot.begin_preparing();
        let work = async {
            // The semaphore is never closed.
            let _place = self.places.acquire().await;
            let caught = std::panic::AssertUnwindSafe(work).catch_unwind();
            match tokio::time::timeout(READY_WITHIN, caught).await {
                Ok(Ok(done)) => done,
                // The hook for panics has said where.
                Ok(Err(_)) => Err(AgentError::Crashed { agent: agent() }),
                Err(_) => Err(AgentError::Slow {
                    agent: agent(),
                    seconds: READY_WITHIN.as_secs(),
                }),
            }
        };
        let done = interrupted.run_until_cancelled(work).await;
        done.unwrap_or_else(|| Err(AgentError::Interrupted { agent: agent() }))
    }

    /// Makes an agent ready that is starting, or keeps the reason why it cannot be.
    pub(crate) async fn bring_up(&self, slot: &Slot) {
        let _operation = slot.operation.lock().await;
        // Stopped or removed meanwhile.
        if slot.life.state() != State::Starting {
            return;
        }
        let known = slot.known();
        // Behind a pointer, so that whoever waits for it needs no stack for it.
        let made = Box::pin(async {
            // One that was made from an image has its digest.
            if known.image.is_empty() || !known.image_digest.is_empty() {
                self.maker.restore(&known, Arc::clone(&slot.life)).await
            } else {
                self.make_at_last(slot, &known).await
            }
        });
        let ended = match self.within(slot, made).await {
            Ok(agent) => self.ready(slot, agent).await,
            Err(error) => Err(error),
        };
        match ended {
            Ok(()) if slot.is_mended() => tracing::info!("agent {} runs again", known.name),
            // Who interrupts it says how it goes on.
            Ok(()) | Err(AgentError::Interrupted { .. }) => {}
            Err(error) => self.failed(slot, &error).await,
        }
    }

    /// Makes an agent from its image that could not be made so far.
    async fn make_at_last(&self, slot: &Slot, known: &KnownAgent) -> Result<Agent, AgentError> {
        let draft = self.maker.draft_again(known).await?;
        let components = self.maker.components(&draft, None).await?;
        let life = Arc::clone(&slot.life);
        let prepared = self.maker.prepare(known, &draft, &components, life).await?;
        let made = KnownAgent {
            image_digest: draft.image_digest(),
            ..slot.known()
        };
        self.journal.store.agents.put(&made).await?;
        slot.set_known(made);
        prepared.finish()
    }

    /// Stores that an agent is prepared for the first time, and announces it.
    pub(crate) async fn prepared(&self, slot: &Slot, draft: &Draft) -> Result<(), AgentError> {
        let made = KnownAgent {
            image_digest: draft.image_digest(),
            ..slot.known()
        };
        if made != slot.known() {
            self.journal.store.agents.put(&made).await?;
            slot.set_known(made);
        }
        self.journal.pass(slot, Event::Prepared).await
    }

    /// Makes an agent anew from its tree, if it runs. Turns and calls that run keep the one that
    /// they began with. One that does not run is made of what holds when it is started.
    pub(crate) async fn renew(&self, slot: &Slot) -> Result<(), AgentError> {
        let _operation = slot.operation.lock().await;
        if slot.agent().is_none() {
            return Ok(());
        }
        let known = slot.known();
        let made = Box::pin(self.maker.restore(&known, Arc::clone(&slot.life)));
        let agent = self.within(slot, made).await?;
        (self.on_ready)(&agent);
        slot.set_agent(Some(Arc::new(agent)));
        Ok(())
    }

    /// Lets an agent take turns.
    pub(crate) async fn ready(&self, slot: &Slot, agent: Agent) -> Result<(), AgentError> {
        (self.on_ready)(&agent);
        let agent = Arc::new(agent);
        slot.set_agent(Some(Arc::clone(&agent)));
        slot.life.open();
        let announced = self.journal.pass(slot, Event::Ready).await;
        if announced.is_err() {
            slot.life.close();
            slot.set_agent(None);
        } else {
            resume(&agent).await;
        }
        announced
    }

    /// Keeps why an agent does not work.
    pub(crate) async fn failed(&self, slot: &Slot, error: &AgentError) {
        let name = slot.known().name;
        let failure = error.to_string();
        slot.life.close();
        self.backoff.failed(&name, &failure);
        // Said once, however often it is tried.
        if slot.is_news(&failure) {
            tracing::warn!(agent = name, "not restored: {failure}");
        }
        self.journal.fail(slot, error.reason(), &failure).await;
        slot.set_agent(None);
    }

    /// Tries those of these agents again whose failure may have passed. One that fails for the same
    /// reason again waits longer for its next turn.
    pub(crate) async fn retry(&self, slots: &[Arc<Slot>]) {
        let may_be_tried = |slot: &&Arc<Slot>| match slot.life.state() {
            State::Failed(reason) => may_pass(reason),
            _ => false,
        };
        let failed: Vec<_> = slots.iter().filter(may_be_tried).collect();
        let names = failed.iter().map(|slot| slot.known().name).collect();
        let due = self.backoff.due(names);
        let due = failed
            .into_iter()
            .filter(|slot| due.contains(&slot.known().name));
        for slot in due {
            self.start_again(slot).await;
        }
    }

    /// Starts those of these agents again that have crashed, as far as they may.
    pub(crate) async fn restart_crashed(&self, slots: &[Arc<Slot>]) {
        for slot in slots.iter().filter(|slot| slot.life.take_crash()) {
            let known = slot.known();
            let error = AgentError::Crashed {
                agent: known.name.clone(),
            };
            slot.life.cancel();
            let operation = slot.operation.lock().await;
            self.failed(slot, &error).await;
            drop(operation);
            if self.crashes.may_restart(&known.id, Instant::now()) {
                self.start_again(slot).await;
            } else {
                tracing::error!(
                    agent = known.name,
                    "it crashes again and again and is left alone: start it with `cofferdam start`"
                );
            }
        }
    }

    /// Forgets what was counted of an agent.
    pub(crate) fn forget(&self, id: &str) {
        self.crashes.forget(id);
    }

    async fn start_again(&self, slot: &Slot) {
        let operation = slot.operation.lock().await;
        // Started, stopped or removed meanwhile.
        if !matches!(slot.life.state(), State::Failed(_)) {
            return;
        }
        let started = self.journal.pass(slot, Event::Start).await;
        drop(operation);
        match started {
            Ok(()) => self.bring_up(slot).await,
            Err(error) => tracing::warn!("agents that failed are tried again later: {error}"),
        }
    }
}

impl fmt::Debug for Starter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Starter")
            .field("maker", &self.maker)
            .finish_non_exhaustive()
    }
}
