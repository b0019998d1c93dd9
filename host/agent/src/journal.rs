//! Transitions: each is stored, and then announced.

use cofferdam_store::{Desired, FailureReason, KnownAgent, LogEvent, Logs, State, Store};
use tokio::sync::watch;

use crate::error::AgentError;
use crate::lifecycle::{Event, Refusal, after};
use crate::slot::Slot;

/// Stores what happens to agents, and tells those who follow them.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) store: Store,
    pub(crate) logs: Logs,
    /// Tells that an agent came, changed or went.
    pub(crate) changed: watch::Sender<()>,
}

impl Journal {
    /// Stores an event of an agent, and announces it. Where it cannot be stored, it has not
    /// happened.
    pub(crate) async fn pass(&self, slot: &Slot, event: Event) -> Result<(), AgentError> {
        let desired = slot.known().desired;
        self.pass_wanting(slot, event, desired).await
    }

    /// Stores an event of an agent with what the operator wants of it from now on, and announces
    /// it.
    pub(crate) async fn pass_wanting(
        &self,
        slot: &Slot,
        event: Event,
        desired: Desired,
    ) -> Result<(), AgentError> {
        let before = slot.known();
        let state = after(slot.life.state(), event)
            .map_err(|refusal| refused(refusal, event, &before.name))?;
        let known = KnownAgent {
            desired,
            state: at_rest(state),
            failure: String::new(),
            ..before
        };
        self.put(slot, known).await?;
        slot.life.announce(event, "");
        self.log(slot, state, "");
        self.changed.send_replace(());
        Ok(())
    }

    /// Stores that an agent has failed, and announces it. It is announced also where it cannot be
    /// stored: a disk that is full is a reason to fail.
    pub(crate) async fn fail(&self, slot: &Slot, reason: FailureReason, failure: &str) {
        let event = Event::Fail(reason);
        let before = slot.known();
        let Ok(state) = after(slot.life.state(), event) else {
            return;
        };
        let known = KnownAgent {
            state,
            failure: failure.to_owned(),
            ..before
        };
        let name = known.name.clone();
        if let Err(error) = self.put(slot, known).await {
            tracing::warn!(agent = name, "its failure is not stored: {error}");
        }
        slot.life.announce(event, failure);
        self.log(slot, state, failure);
        self.changed.send_replace(());
    }

    /// Adds a line to the log of an agent.
    fn log(&self, slot: &Slot, state: State, reason: &str) {
        self.logs.of(&slot.known().id).write(&LogEvent::Status {
            status: state.as_str(),
            reason,
        });
    }

    /// Stores a new state of what is known of an agent, unless it is stored already.
    async fn put(&self, slot: &Slot, known: KnownAgent) -> Result<(), AgentError> {
        if slot.known() == known {
            return Ok(());
        }
        let KnownAgent {
            id,
            desired,
            state,
            failure,
            ..
        } = &known;
        self.store
            .agents
            .set_state(id, *desired, *state, failure)
            .await?;
        slot.set_known(known);
        Ok(())
    }
}

/// The state as it is stored. An agent that is being made ready after a restart of the host is
/// stored as it was before; a turn is stored by its messages.
fn at_rest(state: State) -> State {
    match state {
        State::Working => State::Ready,
        state => state,
    }
}

fn refused(refusal: Refusal, event: Event, agent: &str) -> AgentError {
    let agent = agent.to_owned();
    match (refusal, event) {
        (Refusal::Runs, _) => AgentError::Runs { agent },
        (Refusal::Rests, _) => AgentError::Rests { agent },
        (Refusal::Goes, _) => AgentError::Goes { agent },
        (Refusal::Never, event) => {
            tracing::error!(agent, "{event:?} came when it cannot");
            AgentError::Lost { agent }
        }
    }
}
