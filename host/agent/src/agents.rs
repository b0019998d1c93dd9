//! The agents of this host: created, started, stopped, removed, found.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cofferdam_image::Images;
use cofferdam_store::{AgentHome, Desired, KnownAgent, Logs, State, Store, Trees};
use tokio::sync::{mpsc, watch};
use tokio_util::task::TaskTracker;

use crate::agent::Agent;
use crate::agents_config::AgentsConfig;
use crate::approvals::Approvals;
use crate::build::Builder;
use crate::error::AgentError;
use crate::files;
use crate::homes;
use crate::journal::Journal;
use crate::keeper::{Keeper, NewWish, Step, Wish};
use crate::life::Status;
use crate::lifecycle::{Event, after};
use crate::logs;
use crate::maker::{AgentSource, Maker};
use crate::new_agent::{NewAgent, Usage};
use crate::operation::Operation;
use crate::queue::Queue;
use crate::registry::Registry;
use crate::renewal::Renewal;
use crate::slot::{Slot, Summary};
use crate::starter::Starter;
use crate::trees::{self, Found};

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

/// The agents of this host, those that run and those that do not.
#[derive(Debug)]
pub struct Agents {
    images: Arc<Images>,
    approvals: Approvals,
    pub(crate) keeper: Keeper,
    queue: Queue,
    restoring: TaskTracker,
}

/// The agents of a data directory, before any of them is recalled.
pub(crate) struct Opened {
    pub(crate) agents: Agents,
    /// The agents that the database knows.
    pub(crate) rows: Vec<KnownAgent>,
    found: Found,
}

impl Agents {
    /// Opens the data directory. Its agents are known from here on; [`Agents::restore`] makes them
    /// ready.
    pub async fn open(config: AgentsConfig) -> Result<Arc<Self>, AgentError> {
        let Opened {
            agents,
            rows,
            found,
        } = Self::opened(config).await?;
        agents.keeper.clear_up(&rows, &found);
        for row in rows {
            let keeper = &agents.keeper;
            agents.queue.extend(keeper.recall(row, &found).await);
        }
        Ok(Arc::new(agents))
    }

    /// Opens the data directory, with no agent in its place.
    pub(crate) async fn opened(config: AgentsConfig) -> Result<Opened, AgentError> {
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
            totals,
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
        let logs = logs::open(&data, &path)?;
        let approvals = Approvals::new(store.approvals.clone(), runner.ledger().cloned());
        let path = path.join("agents");
        let rows = store.agents.all().await?;
        let homes: Vec<_> = rows.iter().map(AgentHome::from).collect();
        let builder = Builder {
            credentials,
            runner: Arc::new(homes::guarded(&runner, &path, &homes)?),
            store: store.clone(),
            logs: logs.clone(),
            decisions,
            withheld,
            totals,
            rooms: Arc::default(),
            approvals: approvals.clone(),
        };
        let maker = Maker::new(dir, path, Arc::clone(&images), builder, accepted);
        let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
        logs.keep(&ids);
        let journal = Journal {
            store,
            logs,
            changed: watch::Sender::new(()),
        };
        let keeper = Keeper {
            registry: Registry::new(most),
            starter: Starter::new(maker, journal, on_ready),
            alarm: watch::Sender::new(()),
        };
        let agents = Self {
            images,
            approvals,
            keeper,
            queue: Queue::default(),
            restoring: TaskTracker::new(),
        };
        Ok(Opened {
            agents,
            rows,
            found,
        })
    }

    /// The calls that wait for a person.
    pub fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    /// Makes agents ready that were running when the host ended, a few at once, in the background.
    /// One that is asked for comes first. An agent that cannot be made ready is kept, with the
    /// reason, and keeps no other from working.
    pub fn restore(self: &Arc<Self>) {
        for _ in 0..RESTORED_AT_ONCE {
            let agents = Arc::clone(self);
            self.restoring.spawn(async move {
                while let Some(slot) = agents.queue.pop() {
                    agents.keeper.starter.bring_up(&slot).await;
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
        let mut alarm = self.keeper.alarm.subscribe();
        loop {
            let tick = tokio::time::timeout(RETRY, alarm.changed()).await;
            let slots = self.keeper.registry.all();
            match tick {
                Ok(_) => self.keeper.starter.restart_crashed(&slots).await,
                Err(_) => self.keeper.starter.retry(&slots).await,
            }
        }
    }

    /// Refuses to go on when what this host stores, or what its tools write, would be lost. An
    /// agent whose tree was removed or replaced fails alone.
    pub async fn check(&self) -> Result<(), AgentError> {
        self.store().check()?;
        let maker = &self.keeper.starter.maker;
        if !files::is_in_place(maker.trees(), maker.path()) {
            return Err(AgentError::Gone {
                path: maker.path().to_owned(),
            });
        }
        for slot in self.keeper.registry.all() {
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
            slot.life.close();
            let failure = error.to_string();
            let journal = &self.keeper.starter.journal;
            journal.fail(&slot, error.reason(), &failure).await;
            slot.set_agent(None);
            tracing::error!(agent = agent.name, "{error}; this agent takes no turns");
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
        // Before anything of it is kept.
        let checked = new.deployment.check().and_then(|()| new.deployment.json());
        let deployment = checked.map_err(|source| AgentError::Deployment {
            agent: new.name.clone().unwrap_or_else(|| new.source.to_string()),
            source,
        })?;
        let agents = Arc::clone(self);
        let lost = new.source.to_string();
        let work = async move {
            let maker = &agents.keeper.starter.maker;
            let mut draft = maker.draft(&new.source).await?;
            if let Some(name) = &new.name {
                draft.rename(name.parse()?);
            }
            draft.check_name()?;
            match agents.keeper.registry.named(draft.agentfile.name()) {
                Some(slot) if new.replace => {
                    let wish = Wish {
                        desired: Some(Desired::Running),
                        deployment: Some(deployment),
                    };
                    agents.keeper.renew(&slot, &draft, wish, &steps).await
                }
                _ => {
                    let wish = NewWish {
                        deployment,
                        keep: new.keep,
                    };
                    agents.keeper.create_from(&draft, wish, &steps).await
                }
            }
        };
        let created = tokio::spawn(work).await;
        created.unwrap_or(Err(AgentError::Lost { agent: lost }))
    }

    /// The images that tools and agents come from.
    pub fn images(&self) -> &Arc<Images> {
        &self.images
    }

    /// Makes an agent from an Agentfile, or makes the one of that name anew: its tools and
    /// documents change, its id, its workspace and its sessions stay, and so does the operator's
    /// wish.
    pub async fn apply(self: &Arc<Self>, file: &Path) -> Result<Summary, AgentError> {
        let source = AgentSource::File(file.to_owned());
        let draft = self.keeper.starter.maker.draft(&source).await?;
        let (steps, _) = mpsc::channel(1);
        let applied = match self.keeper.registry.named(draft.agentfile.name()) {
            Some(slot) => {
                let wish = Wish::default();
                self.keeper.renew(&slot, &draft, wish, &steps).await
            }
            None => {
                let wish = NewWish::default();
                self.keeper.create_from(&draft, wish, &steps).await
            }
        };
        if let Some(slot) = self.keeper.registry.named(draft.agentfile.name()) {
            slot.set_file(file);
        }
        applied
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
        let slot = self.keeper.registry.find(asked)?;
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
        Ok(self.keeper.registry.find(asked)?.summary())
    }

    /// Follows the status of an agent. The last one is never missed.
    pub fn watch(&self, asked: Option<&str>) -> Result<watch::Receiver<Status>, AgentError> {
        Ok(self.keeper.registry.find(asked)?.life.watch())
    }

    /// Sums of what the calls of an agent's tools used since it was started, and its turns.
    pub fn usage(&self, asked: Option<&str>) -> Result<Usage, AgentError> {
        let slot = self.keeper.registry.find(asked)?;
        let agent = slot.agent();
        Ok(Usage {
            tools: agent.map(|agent| agent.toolbox.usage()).unwrap_or_default(),
            turns: slot.life.turns(),
        })
    }

    /// Every agent, by name.
    pub fn list(&self) -> Vec<Summary> {
        let slots = self.keeper.registry.all();
        slots.iter().map(|slot| slot.summary()).collect()
    }

    /// Tells each time an agent came, changed or went.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.keeper.starter.journal.changed.subscribe()
    }

    /// The sessions of all agents.
    pub fn store(&self) -> &Store {
        &self.keeper.starter.journal.store
    }

    /// The logs of all agents.
    pub fn logs(&self) -> &Logs {
        &self.keeper.starter.journal.logs
    }

    /// Makes every agent that runs anew, with other decisions of the operator, but for those of
    /// these names, which the caller makes anew itself. Turns and calls that run go on as they
    /// began. Returns the reasons of agents that cannot be made so, and that stay as they are.
    pub async fn renew_all(
        &self,
        renewal: Renewal,
        but: &[String],
    ) -> Result<Vec<AgentError>, AgentError> {
        self.keeper.renew_all(renewal, but).await
    }

    /// Runs an operation to its end, also when nobody waits for it any more.
    async fn run(
        self: &Arc<Self>,
        asked: &str,
        operation: Operation,
    ) -> Result<Summary, AgentError> {
        let slot = self.keeper.registry.find(Some(asked))?;
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
                self.keeper.vanish(slot).await
            }
        }
    }

    /// Begins to make an agent ready.
    async fn begin(self: &Arc<Self>, slot: &Arc<Slot>) -> Result<(), AgentError> {
        let journal = &self.keeper.starter.journal;
        journal
            .pass_wanting(slot, Event::Start, Desired::Running)
            .await?;
        self.keeper.starter.forget(&slot.known().id);
        let agents = Arc::clone(self);
        let slot = Arc::clone(slot);
        tokio::spawn(async move { agents.keeper.starter.bring_up(&slot).await });
        Ok(())
    }

    /// Brings an agent to rest.
    async fn end(&self, slot: &Slot, desired: Desired) -> Result<(), AgentError> {
        let journal = &self.keeper.starter.journal;
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
}
