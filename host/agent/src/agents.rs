//! The agents of this host: created, started, stopped, removed, found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::fs::Dir;
use cofferdam_image::Images;
use cofferdam_model::Credentials;
use cofferdam_store::{AgentHome, Desired, KnownAgent, State, Store, Trees};
use cofferdam_tool::{Runner, ToolUsage};
use tokio::sync::{mpsc, watch};
use tokio_util::task::TaskTracker;

use crate::agent::Agent;
use crate::build::Builder;
use crate::decisions::{Accepted, Decisions, Withheld};
use crate::deployment::Deployment;
use crate::error::AgentError;
use crate::files;
use crate::homes;
use crate::journal::Journal;
use crate::life::{Life, Status};
use crate::lifecycle::{Event, after};
use crate::maker::{Draft, Maker};
use crate::queue::Queue;
use crate::registry::Registry;
use crate::slot::{Slot, Summary};
use crate::starter::{OnReady, Starter};
use crate::trees;

/// The longest time that a request waits for an agent that is being made ready: shorter than the
/// time after which clients give up.
const FIND_WITHIN: Duration = Duration::from_secs(8);

/// The longest time that turns and calls have to end once they are told to. What they have said is
/// stored already.
const STOP_WITHIN: Duration = Duration::from_secs(6);

/// Interval at which failed agents are looked at: often enough for an operator who has made room on
/// a full disk.
const RETRY: Duration = Duration::from_secs(5);

/// Agents that are made ready at once after a start of the host.
const RESTORED_AT_ONCE: usize = 8;

/// The configuration from which the agents of a host are made.
pub struct AgentsConfig {
    /// The data directory.
    pub data: Dir,
    /// Its path, for messages and for the database.
    pub path: PathBuf,
    /// API keys of model providers. No tool ever sees one.
    pub credentials: Credentials,
    /// Runs the tools.
    pub runner: Arc<Runner>,
    /// Tool images on this machine and in registries.
    pub images: Arc<Images>,
    /// The operator's decisions, by agent and tool.
    pub decisions: Decisions,
    /// Tools that their agents do not get.
    pub withheld: Withheld,
    /// Components that the operator accepts although they ask for more than those in use.
    pub accepted: Vec<Accepted>,
    /// Agents that there may be.
    pub most: usize,
    /// Hears of each agent that is ready, before it takes turns.
    pub on_ready: OnReady,
}

/// A request for a new agent.
#[derive(Debug)]
pub struct NewAgent {
    /// Its name; that of the Agentfile if there is none.
    pub name: Option<String>,
    /// The Agentfile.
    pub file: PathBuf,
    /// The operator's choices beyond it.
    pub deployment: Deployment,
    /// True if it takes the place of an agent of its name. That one's id, workspace and sessions
    /// stay.
    pub replace: bool,
}

/// The progress of a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The state that the agent is in.
    pub state: State,
    /// The work that is done now, in words.
    pub message: String,
}

/// The work of an agent since it was started.
#[derive(Debug, Clone)]
pub struct Usage {
    /// Sums over the calls of each tool that was called, by name.
    pub tools: BTreeMap<String, ToolUsage>,
    /// Turns under way.
    pub turns: usize,
}

/// The agents of this host, those that run and those that do not.
#[derive(Debug)]
pub struct Agents {
    registry: Registry,
    starter: Starter,
    queue: Queue,
    restoring: TaskTracker,
    /// Sent when a task of an agent has panicked.
    alarm: watch::Sender<()>,
}

impl Agents {
    /// Opens the data directory. Its agents are known from here on; [`Agents::restore`] makes them
    /// ready.
    pub async fn open(config: AgentsConfig) -> Result<Arc<Self>, AgentError> {
        let AgentsConfig {
            data,
            path,
            credentials,
            runner,
            images,
            decisions,
            withheld,
            accepted,
            most,
            on_ready,
        } = config;
        let tree = |source| AgentError::Tree {
            path: path.join("agents"),
            source,
        };
        data.create_dir_all("agents").map_err(tree)?;
        let dir = data.open_dir("agents").map_err(tree)?;
        let found = trees::find(&dir).map_err(tree)?;
        let known = Trees {
            path: path.join("agents"),
            count: found.made.len(),
        };
        let store = Store::open(&path.join("cofferdam.db"), &known).await?;
        let path = path.join("agents");
        let rows = store.agents.all().await?;
        let homes: Vec<_> = rows.iter().map(AgentHome::from).collect();
        let builder = Builder {
            credentials,
            runner: Arc::new(homes::guarded(&runner, &path, &homes)?),
            store: store.clone(),
            decisions,
            withheld,
        };
        let maker = Maker::new(dir, path, images, builder, accepted);
        let journal = Journal {
            store,
            changed: watch::Sender::new(()),
        };
        let agents = Arc::new(Self {
            registry: Registry::new(most),
            starter: Starter::new(maker, journal, on_ready),
            queue: Queue::default(),
            restoring: TaskTracker::new(),
            alarm: watch::Sender::new(()),
        });
        agents.clear_up(&rows, &found);
        for row in rows {
            agents.recall(row, &found).await?;
        }
        Ok(agents)
    }

    /// Makes agents ready that were running when the host ended, a few at once, in the background.
    /// One that is asked for comes first. An agent that cannot be made ready is kept, with the
    /// reason, and keeps no other from working.
    pub fn restore(self: &Arc<Self>) {
        for _ in 0..RESTORED_AT_ONCE {
            let agents = Arc::clone(self);
            self.restoring.spawn(async move {
                while let Some(slot) = agents.queue.pop() {
                    agents.starter.bring_up(&slot).await;
                }
            });
        }
        self.restoring.close();
    }

    /// Waits until every agent has been restored, or has failed.
    pub async fn settled(&self) {
        self.restoring.wait().await;
    }

    /// Looks after the agents for as long as the host runs: tries those again that have failed, and
    /// starts those again that have crashed.
    pub async fn tend(&self) {
        let mut alarm = self.alarm.subscribe();
        loop {
            let tick = tokio::time::timeout(RETRY, alarm.changed()).await;
            let slots = self.registry.all();
            match tick {
                Ok(_) => self.starter.restart_crashed(&slots).await,
                Err(_) => self.starter.retry(&slots).await,
            }
        }
    }

    /// Refuses to go on when what this host stores, or what its tools write, would be lost. An
    /// agent whose tree was removed or replaced fails alone.
    pub async fn check(&self) -> Result<(), AgentError> {
        self.store().check()?;
        let maker = &self.starter.maker;
        if !files::is_in_place(maker.trees(), maker.path()) {
            return Err(AgentError::Gone {
                path: maker.path().to_owned(),
            });
        }
        for slot in self.registry.all() {
            let Some(agent) = slot.agent() else {
                continue;
            };
            let Err(error) = agent.workspace.check() else {
                continue;
            };
            // While something else is done with it, that says what is wrong.
            let Ok(_operation) = slot.operation.try_lock() else {
                continue;
            };
            if slot.agent().is_none() {
                continue;
            }
            tracing::error!(agent = agent.name, "{error}; this agent takes no turns");
            slot.life.close();
            slot.set_agent(None);
            let failure = error.to_string();
            let journal = &self.starter.journal;
            journal.fail(&slot, error.reason(), &failure).await;
        }
        Ok(())
    }

    /// Creates an agent, and makes it ready. One that cannot be made leaves nothing. It goes on
    /// also when nobody waits for it any more. `steps` hears how far it is.
    pub async fn create(
        self: &Arc<Self>,
        new: NewAgent,
        steps: mpsc::Sender<Step>,
    ) -> Result<Summary, AgentError> {
        let agents = Arc::clone(self);
        let lost = new.file.display().to_string();
        let work = async move {
            let mut draft = Draft::read(&new.file)?;
            if let Some(name) = &new.name {
                draft.rename(name.parse()?);
            }
            let deployment = serde_json::to_string(&new.deployment).unwrap_or_default();
            match agents.registry.named(draft.agentfile.name.as_str()) {
                Some(slot) if new.replace => {
                    let wish = Wish {
                        desired: Some(Desired::Running),
                        deployment: Some(deployment),
                    };
                    agents.renew(&slot, &draft, wish, &steps).await
                }
                _ => agents.create_from(&draft, deployment, &steps).await,
            }
        };
        let created = tokio::spawn(work).await;
        created.unwrap_or(Err(AgentError::Lost { agent: lost }))
    }

    /// Makes an agent from an Agentfile, or makes the one of that name anew: its tools and
    /// documents change, its id, its workspace and its sessions stay, and so does the operator's
    /// wish.
    pub async fn apply(self: &Arc<Self>, file: &Path) -> Result<Summary, AgentError> {
        let draft = Draft::read(file)?;
        let (steps, _) = mpsc::channel(1);
        match self.registry.named(draft.agentfile.name.as_str()) {
            Some(slot) => self.renew(&slot, &draft, Wish::default(), &steps).await,
            None => self.create_from(&draft, "{}".to_owned(), &steps).await,
        }
    }

    /// Starts an agent that is stopped or has failed. It is being made ready when this returns.
    pub async fn start(self: &Arc<Self>, asked: &str) -> Result<Summary, AgentError> {
        self.run(asked, Operation::Start).await
    }

    /// Stops an agent: its turns and calls end, and it stays stopped until it is started.
    pub async fn stop(self: &Arc<Self>, asked: &str) -> Result<Summary, AgentError> {
        self.run(asked, Operation::Stop).await
    }

    /// Stops an agent if it runs, and starts it. It is being made ready when this returns.
    pub async fn restart(self: &Arc<Self>, asked: &str) -> Result<Summary, AgentError> {
        self.run(asked, Operation::Restart).await
    }

    /// Removes an agent with its tree and its sessions. While turns run, only `force` removes it.
    pub async fn remove(self: &Arc<Self>, asked: &str, force: bool) -> Result<Summary, AgentError> {
        self.run(asked, Operation::Remove { force }).await
    }

    /// The agent of this name, this id, or an id that begins so; the only one, when nothing is
    /// asked for. One that is being made ready is waited for.
    pub async fn find(&self, asked: Option<&str>) -> Result<Arc<Agent>, AgentError> {
        let slot = self.registry.find(asked)?;
        let is_coming = |state| matches!(state, State::Pulling | State::Starting);
        if is_coming(slot.life.state()) {
            self.queue.hurry(&slot);
            let mut status = slot.life.watch();
            let settled = status.wait_for(|status| !is_coming(status.state));
            // Where the time is over, the state says so.
            let _ = tokio::time::timeout(FIND_WITHIN, settled).await;
        }
        let Status { state, failure } = slot.life.status();
        let agent = slot.known().name;
        match (state, slot.agent()) {
            (State::Ready | State::Working, Some(agent)) => Ok(agent),
            (State::Pulling | State::Starting | State::Ready | State::Working, _) => {
                Err(AgentError::NotYet {
                    agent,
                    state: state.as_str(),
                })
            }
            (State::Stopped, _) => Err(AgentError::NotRunning {
                reason: format!("it is stopped; start it with `cofferdam start {agent}`"),
                agent,
            }),
            (State::Failed(_), _) => Err(AgentError::NotRunning {
                agent,
                reason: failure.to_string(),
            }),
            (State::Removing | State::Removed, _) => Err(AgentError::Goes { agent }),
        }
    }

    /// An agent whether it runs or not.
    pub fn summary(&self, asked: Option<&str>) -> Result<Summary, AgentError> {
        Ok(self.registry.find(asked)?.summary())
    }

    /// Follows the status of an agent. The last one is never missed.
    pub fn watch(&self, asked: Option<&str>) -> Result<watch::Receiver<Status>, AgentError> {
        Ok(self.registry.find(asked)?.life.watch())
    }

    /// Sums of what the calls of an agent's tools used since it was started, and its turns.
    pub fn usage(&self, asked: Option<&str>) -> Result<Usage, AgentError> {
        let slot = self.registry.find(asked)?;
        let agent = slot.agent();
        Ok(Usage {
            tools: agent.map(|agent| agent.toolbox.usage()).unwrap_or_default(),
            turns: slot.life.turns(),
        })
    }

    /// Every agent, by name.
    pub fn list(&self) -> Vec<Summary> {
        let slots = self.registry.all();
        slots.iter().map(|slot| slot.summary()).collect()
    }

    /// Tells each time an agent came, changed or went.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.starter.journal.changed.subscribe()
    }

    /// The sessions of all agents.
    pub fn store(&self) -> &Store {
        &self.starter.journal.store
    }

    /// Runs an operation to its end, also when nobody waits for it any more.
    async fn run(
        self: &Arc<Self>,
        asked: &str,
        operation: Operation,
    ) -> Result<Summary, AgentError> {
        let slot = self.registry.find(Some(asked))?;
        let agent = slot.known().name;
        let agents = Arc::clone(self);
        let work = async move {
            agents.operate(&slot, operation).await?;
            Ok(slot.summary())
        };
        let done = tokio::spawn(work).await;
        done.unwrap_or(Err(AgentError::Lost { agent }))
    }

    async fn operate(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        operation: Operation,
    ) -> Result<(), AgentError> {
        let turns = slot.life.turns();
        if turns > 0 && operation == (Operation::Remove { force: false }) {
            return Err(AgentError::Works {
                agent: slot.known().name,
                turns,
            });
        }
        if operation != Operation::Start {
            slot.interrupt();
        }
        let _operation = slot.operation.lock().await;
        match operation {
            Operation::Start => self.begin(slot).await,
            Operation::Stop => self.end(slot, Desired::Stopped).await,
            Operation::Restart => {
                if slot.life.state() != State::Stopped {
                    self.end(slot, Desired::Running).await?;
                }
                self.begin(slot).await
            }
            Operation::Remove { .. } => {
                if slot.life.state() == State::Removed {
                    return Ok(());
                }
                self.quiet(slot).await?;
                self.vanish(slot).await
            }
        }
    }

    /// Begins to make an agent ready.
    async fn begin(self: &Arc<Self>, slot: &Arc<Slot>) -> Result<(), AgentError> {
        let journal = &self.starter.journal;
        journal
            .pass_wanting(slot, Event::Start, Desired::Running)
            .await?;
        self.starter.forget(&slot.known().id);
        let agents = Arc::clone(self);
        let slot = Arc::clone(slot);
        tokio::spawn(async move { agents.starter.bring_up(&slot).await });
        Ok(())
    }

    /// Brings an agent to rest.
    async fn end(&self, slot: &Slot, desired: Desired) -> Result<(), AgentError> {
        let journal = &self.starter.journal;
        // Before any turn is ended for it.
        if after(slot.life.state(), Event::Stop).is_err() {
            return journal.pass_wanting(slot, Event::Stop, desired).await;
        }
        self.quiet(slot).await?;
        let stopped = journal.pass_wanting(slot, Event::Stop, desired).await;
        match stopped {
            Ok(()) => slot.set_agent(None),
            Err(_) if slot.agent().is_some() => slot.life.open(),
            Err(_) => {}
        }
        stopped
    }

    /// Ends the turns and calls of an agent, and lets no new ones in.
    async fn quiet(&self, slot: &Slot) -> Result<(), AgentError> {
        slot.life.close();
        slot.life.cancel();
        let idle = tokio::time::timeout(STOP_WITHIN, slot.life.idle()).await;
        idle.map_err(|_| {
            slot.life.open();
            AgentError::Stubborn {
                agent: slot.known().name,
                seconds: STOP_WITHIN.as_secs(),
            }
        })
    }

    /// Removes an agent that does nothing any more. What was begun is finished at the next start.
    async fn vanish(&self, slot: &Slot) -> Result<(), AgentError> {
        let Starter { maker, journal, .. } = &self.starter;
        journal
            .pass_wanting(slot, Event::Remove, Desired::Stopped)
            .await?;
        slot.set_agent(None);
        let KnownAgent { id, name, .. } = slot.known();
        maker.remove(&id).await?;
        self.store().agents.remove(&id).await?;
        self.registry.remove(&name);
        self.starter.forget(&id);
        slot.life.announce(Event::Removed, "");
        journal.changed.send_replace(());
        Ok(())
    }

    /// Creates an agent under a name that nobody has.
    async fn create_from(
        &self,
        draft: &Draft,
        deployment: String,
        steps: &mpsc::Sender<Step>,
    ) -> Result<Summary, AgentError> {
        let Starter { maker, journal, .. } = &self.starter;
        let name = draft.agentfile.name.to_string();
        let reservation = self.registry.reserve(&name)?;
        maker.guard(draft)?;
        let known = KnownAgent {
            id: uuid::Uuid::new_v4().to_string(),
            name,
            home: draft.home.display().to_string(),
            created_at: unix_seconds(),
            desired: Desired::Running,
            state: State::Pulling,
            failure: String::new(),
            image: String::new(),
            image_digest: String::new(),
            deployment,
        };
        self.store().agents.put(&known).await?;
        let life = Life::new(Status::of(State::Pulling), self.alarm.clone());
        let slot = Slot::new(known.clone(), life);
        let operation = slot.operation.lock().await;
        self.registry.insert(Arc::clone(&slot));
        drop(reservation);
        journal.changed.send_replace(());
        let made = self.make(&slot, &known, None, draft, steps).await;
        let ended = match made {
            Ok(()) => Ok(slot.summary()),
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

    /// Puts a new version of an agent in the place of the one there is, when all of it works.
    async fn renew(
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
            home: draft.home.display().to_string(),
            desired: desired.unwrap_or(before.desired),
            deployment: deployment.unwrap_or_else(|| before.deployment.clone()),
            image: String::new(),
            image_digest: String::new(),
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
                state: slot.life.state(),
                message: message.to_owned(),
            });
        };
        let prepared = self.starter.within(slot, async {
            step("finding its tools");
            let components = maker.components(draft, before).await?;
            step("making its tools ready (a tool is compiled the first time)");
            let life = Arc::clone(&slot.life);
            maker.prepare(row, draft, &components, life).await
        });
        let prepared = prepared.await?;
        let state = slot.life.state();
        let stored = match state {
            State::Pulling => journal.pass(slot, Event::Prepared).await,
            _ if before == Some(row) => Ok(()),
            _ => self.store().agents.put(row).await.map_err(AgentError::from),
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

    /// Keeps an agent that the database knows. What was begun with it when the host was killed is
    /// ended.
    async fn recall(&self, row: KnownAgent, found: &trees::Found) -> Result<(), AgentError> {
        let state = match (row.state, row.desired) {
            // Its creation was never finished, so nobody was told of it.
            (State::Pulling, _) if !found.made.contains(&row.id) => State::Removing,
            (State::Removing | State::Removed, _) => State::Removing,
            (_, Desired::Running) => State::Starting,
            (_, Desired::Stopped) => State::Stopped,
        };
        let life = Life::new(Status::of(state), self.alarm.clone());
        let name = row.name.clone();
        let slot = Slot::new(row, life);
        self.registry.insert(Arc::clone(&slot));
        match state {
            State::Starting => self.queue.extend([slot]),
            State::Removing => {
                if let Err(error) = self.vanish(&slot).await {
                    tracing::warn!(agent = name, "it is not removed yet: {error}");
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Removes the trees of agents that were never made, and names those that the database does not
    /// know.
    fn clear_up(&self, rows: &[KnownAgent], found: &trees::Found) {
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

/// An operation on one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Start,
    Stop,
    Restart,
    Remove { force: bool },
}

/// The operator's wishes for a new version of an agent; what is left out stays as it was.
#[derive(Debug, Default)]
struct Wish {
    desired: Option<Desired>,
    deployment: Option<String>,
}

fn unix_seconds() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
