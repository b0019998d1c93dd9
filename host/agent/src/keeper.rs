//! Agents that come and go: each is made beside what there is, and takes its place when it works.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use cofferdam_store::{AgentHome, Desired, KnownAgent, State};
use tokio::sync::{mpsc, watch};

use crate::error::AgentError;
use crate::life::{Life, Status};
use crate::lifecycle::Event;
use crate::maker::Draft;
use crate::registry::Registry;
use crate::renewal::Renewal;
use crate::slot::{Slot, Summary};
use crate::starter::Starter;
use crate::trees::Found;

/// Makes and removes the agents of a host.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) registry: Registry,
    pub(crate) starter: Starter,
    /// Sent when a task of an agent has panicked.
    pub(crate) alarm: watch::Sender<()>,
}

/// The progress of a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The name of the agent.
    pub agent: String,
    /// The state that the agent is in.
    pub state: State,
    /// The work that is done now, in words.
    pub message: String,
}

/// The operator's wishes for a new version of an agent; what is left out stays as it was.
#[derive(Debug, Default)]
pub(crate) struct Wish {
    pub(crate) desired: Option<Desired>,
    pub(crate) deployment: Option<String>,
}

/// The operator's wishes for a new agent.
#[derive(Debug)]
pub(crate) struct NewWish {
    pub(crate) deployment: String,
    /// True if it is kept where it cannot be made.
    pub(crate) keep: bool,
}

impl Default for NewWish {
    fn default() -> Self {
        Self {
            deployment: "{}".to_owned(),
            keep: false,
        }
    }
}

impl Keeper {
    /// Removes an agent that does nothing any more. What was begun is finished at the next start.
    pub(crate) async fn vanish(&self, slot: &Slot) -> Result<(), AgentError> {
        let Starter { maker, journal, .. } = &self.starter;
        journal
            .pass_wanting(slot, Event::Remove, Desired::Stopped)
            .await?;
        slot.set_agent(None);
        let KnownAgent { id, name, .. } = slot.known();
        maker.remove(&id).await?;
        journal.store.agents.remove(&id).await?;
        journal.logs.remove(&id);
        self.registry.remove(&name);
        self.starter.forget(&id);
        slot.life.live.forget_all();
        slot.life.announce(Event::Removed, "");
        journal.changed.send_replace(());
        Ok(())
    }

    /// Creates an agent under a name that nobody has.
    pub(crate) async fn create_from(
        &self,
        draft: &Draft,
        wish: NewWish,
        steps: &mpsc::Sender<Step>,
    ) -> Result<Summary, AgentError> {
        let NewWish { deployment, keep } = wish;
        let Starter { maker, journal, .. } = &self.starter;
        let name = draft.agentfile.name().to_owned();
        let reservation = self.registry.reserve(&name)?;
        maker.guard(draft)?;
        let known = KnownAgent {
            id: uuid::Uuid::new_v4().to_string(),
            name,
            home: draft.home(),
            created_at: unix_seconds(),
            desired: Desired::Running,
            state: State::Pulling,
            failure: String::new(),
            image: draft.image(),
            // Until it is made.
            image_digest: String::new(),
            deployment,
        };
        self.starter.journal.store.agents.put(&known).await?;
        let life = Life::new(Status::of(State::Pulling), self.alarm.clone());
        let slot = Slot::new(known.clone(), life);
        let operation = slot.operation.lock().await;
        self.registry.insert(Arc::clone(&slot));
        drop(reservation);
        journal.changed.send_replace(());
        let made = self.make(&slot, &known, None, draft, steps).await;
        let ended = match made {
            Ok(()) => Ok(slot.summary()),
            Err(error) if keep && !known.image.is_empty() => {
                self.starter.failed(&slot, &error).await;
                Ok(slot.summary())
            }
            Err(error) => {
                // An agent that never was leaves nothing. What cannot be removed now goes at the
                // next start.
                if let Err(left) = self.vanish(&slot).await {
                    tracing::warn!(agent = known.name, "it is not removed yet: {left}");
                }
                Err(error)
            }
        };
        drop(operation);
        ended
    }

    /// Makes the agents that run anew, but for those of these names, with other decisions of the
    /// operator.
    pub(crate) async fn renew_all(
        &self,
        renewal: Renewal,
        but: &[String],
    ) -> Result<Vec<AgentError>, AgentError> {
        let starter = &self.starter;
        let slots = self.registry.all();
        let homes: Vec<_> = slots
            .iter()
            .map(|slot| AgentHome::from(&slot.known()))
            .collect();
        starter.maker.renew(renewal, &homes)?;
        let mut kept = Vec::new();
        for slot in slots {
            if !but.contains(&slot.known().name) {
                kept.extend(starter.renew(&slot).await.err());
            }
        }
        starter.journal.changed.send_replace(());
        Ok(kept)
    }

    /// Puts a new version of an agent in the place of the one there is, when all of it works.
    pub(crate) async fn renew(
        &self,
        slot: &Slot,
        draft: &Draft,
        wish: Wish,
        steps: &mpsc::Sender<Step>,
    ) -> Result<Summary, AgentError> {
        self.starter.maker.guard(draft)?;
        let _operation = slot.operation.lock().await;
        let before = slot.known();
        if matches!(slot.life.state(), State::Removing | State::Removed) {
            return Err(AgentError::Goes { agent: before.name });
        }
        let Wish {
            desired,
            deployment,
        } = wish;
        let row = KnownAgent {
            home: draft.home(),
            desired: desired.unwrap_or(before.desired),
            deployment: deployment.unwrap_or_else(|| before.deployment.clone()),
            image: draft.image(),
            image_digest: draft.image_digest(),
            ..before.clone()
        };
        self.make(slot, &row, Some(&before), draft, steps).await?;
        Ok(slot.summary())
    }

    /// Makes an agent in its place. `before` is the agent as it was, if there was one.
    async fn make(
        &self,
        slot: &Slot,
        row: &KnownAgent,
        before: Option<&KnownAgent>,
        draft: &Draft,
        steps: &mpsc::Sender<Step>,
    ) -> Result<(), AgentError> {
        let Starter { maker, journal, .. } = &self.starter;
        let step = |message: &str| {
            // A client that is behind misses some: progress is worth nothing later.
            let _ = steps.try_send(Step {
                agent: row.name.clone(),
                state: slot.life.state(),
                message: message.to_owned(),
            });
        };
        // Behind a pointer, so that whoever makes agents needs no stack for the making of tools.
        let prepared = Box::pin(async {
            step("finding its tools");
            let components = maker.components(draft, before).await?;
            step("making its tools ready (a tool is compiled the first time)");
            let life = Arc::clone(&slot.life);
            maker.prepare(row, draft, &components, life).await
        });
        let prepared = self.starter.within(slot, prepared).await?;
        for note in &prepared.notes {
            step(&format!("note: {note}"));
        }
        let state = slot.life.state();
        let stored = match state {
            State::Pulling => self.starter.prepared(slot, draft).await,
            _ if before == Some(row) => Ok(()),
            _ => self
                .starter
                .journal
                .store
                .agents
                .put(row)
                .await
                .map_err(AgentError::from),
        };
        if let Err(error) = stored {
            prepared.discard();
            return Err(error);
        }
        if state != State::Pulling {
            slot.set_known(row.clone());
        }
        let agent = prepared.finish()?;
        step("starting");
        match slot.life.state() {
            State::Ready | State::Working => {
                (self.starter.on_ready)(&agent);
                slot.set_agent(Some(Arc::new(agent)));
                journal.changed.send_replace(());
                Ok(())
            }
            State::Stopped | State::Failed(_) if row.desired == Desired::Stopped => Ok(()),
            State::Stopped | State::Failed(_) => {
                journal.pass(slot, Event::Start).await?;
                self.starter.ready(slot, agent).await
            }
            _ => self.starter.ready(slot, agent).await,
        }
    }

    /// Keeps an agent that the database knows, and returns it if it is to be made ready. What was
    /// begun with it when the host was killed is ended.
    pub(crate) async fn recall(&self, row: KnownAgent, found: &Found) -> Option<Arc<Slot>> {
        let state = match (row.state, row.desired) {
            // Its creation was never finished, so nobody was told of it. From an image it can be
            // finished.
            (State::Pulling, _) if row.image.is_empty() && !found.made.contains(&row.id) => {
                State::Removing
            }
            (State::Removing | State::Removed, _) => State::Removing,
            (_, Desired::Running) => State::Starting,
            (_, Desired::Stopped) => State::Stopped,
        };
        let life = Life::new(Status::of(state), self.alarm.clone());
        let name = row.name.clone();
        let slot = Slot::new(row, life);
        self.registry.insert(Arc::clone(&slot));
        match state {
            State::Starting => return Some(slot),
            State::Removing => {
                if let Err(error) = self.vanish(&slot).await {
                    tracing::warn!(agent = name, "it is not removed yet: {error}");
                }
            }
            _ => {}
        }
        None
    }

    /// Removes the trees of agents that were never made, and names those that the database does not
    /// know.
    pub(crate) fn clear_up(&self, rows: &[KnownAgent], found: &Found) {
        let maker = &self.starter.maker;
        let unknown = |id: &&String| !rows.iter().any(|row| row.id == **id);
        for id in found.begun.iter().filter(unknown) {
            if let Err(error) = maker.trees().remove_dir_all(id) {
                tracing::warn!(
                    "{}: it is left over and cannot be removed: {error}",
                    maker.path().join(id).display()
                );
            }
        }
        for id in found.made.iter().filter(unknown) {
            let path = maker.path().join(id);
            tracing::warn!(
                "{}: the database does not know this agent, so it is not served",
                path.display()
            );
        }
    }
}

pub(crate) fn unix_seconds() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
