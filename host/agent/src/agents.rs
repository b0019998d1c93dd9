//! The agents of this host.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use cap_std::fs::Dir;
use cofferdam_call::MAX_COMPONENT;
use cofferdam_image::Images;
use cofferdam_image::agentfile::{self, Agentfile, FILE_MAX_BYTES};
use cofferdam_model::Credentials;
use cofferdam_store::{KnownAgent, LogEvent, Logs, Store, Trees};
use cofferdam_tool::Runner;
use tokio::sync::watch;

use crate::agent::Agent;
use crate::backoff::Backoff;
use crate::build::{Builder, Made, revision};
use crate::component::{Component, component};
use crate::decisions::{Accepted, Decisions, Withheld};
use crate::error::AgentError;
use crate::files;
use crate::homes;
use crate::logs;
use crate::pinned::Pinned;
use crate::slot::{Slot, Summary};
use crate::trees;
use crate::workspace::Workspace;

/// The shortest beginning of an id that names an agent. `ps` shows eight characters.
const MIN_PREFIX: usize = 4;

/// The configuration from which the agents of a host are made.
#[derive(Debug)]
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
}

/// The agents of this host, those that run and those that could not be restored.
#[derive(Debug)]
pub struct Agents {
    agents: RwLock<BTreeMap<String, Slot>>,
    trees: Dir,
    path: PathBuf,
    images: Arc<Images>,
    builder: Builder,
    accepted: Vec<Accepted>,
    changed: watch::Sender<()>,
    backoff: Backoff,
}

impl Agents {
    /// Opens the data directory and restores every agent from it. An agent that cannot be restored
    /// is kept, with the reason, and does not keep the others from working.
    pub async fn open(config: AgentsConfig) -> Result<Self, AgentError> {
        let AgentsConfig {
            data,
            path,
            credentials,
            runner,
            images,
            decisions,
            withheld,
            accepted,
        } = config;
        let tree = |source| AgentError::Tree {
            path: path.join("agents"),
            source,
        };
        data.create_dir_all("agents").map_err(tree)?;
        let trees = data.open_dir("agents").map_err(tree)?;
        let found = trees::find(&trees).map_err(tree)?;
        let known = Trees {
            path: path.join("agents"),
            count: found.made.len(),
        };
        let store = Store::open(&path.join("cofferdam.db"), &known).await?;
        let logs = logs::open(&data, &path)?;
        let path = path.join("agents");
        let agents = RwLock::default();
        let changed = watch::Sender::new(());
        let builder = Builder {
            credentials,
            runner,
            store,
            logs,
            turns: Arc::default(),
            decisions,
            withheld,
        };
        let mut agents = Self {
            agents,
            trees,
            path,
            images,
            builder,
            accepted,
            changed,
            backoff: Backoff::default(),
        };
        let rows = agents.builder.store.agents.all().await?;
        agents.builder.runner =
            Arc::new(homes::guarded(&agents.builder.runner, &agents.path, &rows)?);
        agents.clear_up(&rows, &found);
        let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
        agents.logs().keep(&ids);
        for row in rows {
            agents.restore_or_tell(row, |_| {}).await;
        }
        Ok(agents)
    }

    /// Tries again to restore the agents that failed: what kept them from starting may have been
    /// the machine's, such as a full disk. One that fails for the same reason again waits longer
    /// for its next turn. `restored` is called with an agent before it takes work.
    pub async fn retry(&self, restored: impl Fn(&Agent)) -> Result<(), AgentError> {
        for name in self.backoff.due(self.failed()) {
            if let Some(row) = self.builder.store.agents.named(&name).await? {
                self.restore_or_tell(row, &restored).await;
            }
        }
        Ok(())
    }

    /// Refuses to go on when what this host stores, or what its tools write, would be lost. An
    /// agent whose tree was removed or replaced fails alone.
    pub fn check(&self) -> Result<(), AgentError> {
        self.builder.store.check()?;
        if !files::is_in_place(&self.trees, &self.path) {
            return Err(AgentError::Gone {
                path: self.path.clone(),
            });
        }
        for (name, slot) in self.slots() {
            let Slot::Ready(agent, created_at) = slot else {
                continue;
            };
            let Err(error) = agent.workspace.check() else {
                continue;
            };
            tracing::error!(agent = name, "{error}; this agent takes no turns");
            let id = agent.id.clone();
            let reason = error.to_string();
            self.insert(
                name,
                Slot::Failed {
                    id,
                    reason,
                    created_at,
                },
            );
        }
        Ok(())
    }

    fn slots(&self) -> Vec<(String, Slot)> {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        agents
            .iter()
            .map(|(name, slot)| (name.clone(), slot.clone()))
            .collect()
    }

    /// Restores an agent, or keeps the reason why it cannot be.
    async fn restore_or_tell(&self, row: KnownAgent, restored: impl Fn(&Agent)) {
        let name = row.name.clone();
        let created_at = row.created_at;
        let slot = match self.restore(&row).await {
            Ok(agent) => {
                restored(&agent);
                Slot::Ready(Arc::new(agent), created_at)
            }
            Err(error) => Slot::Failed {
                id: row.id.clone(),
                reason: error.to_string(),
                created_at,
            },
        };
        if let Some(reason) = slot.failure() {
            self.backoff.failed(&name, reason);
            // Said once, however often it is tried.
            if self.failure(&name).as_deref() == Some(reason) {
                return;
            }
            tracing::warn!(agent = name, "not restored: {reason}");
        } else if self.failure(&name).is_some() {
            tracing::info!("agent {name} runs again");
        }
        self.insert(name, slot);
    }

    /// The names of the agents that are not running.
    fn failed(&self) -> Vec<String> {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        agents
            .iter()
            .filter(|(_, slot)| slot.failure().is_some())
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn failure(&self, name: &str) -> Option<String> {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        agents.get(name)?.failure().map(str::to_owned)
    }

    /// Removes the trees of agents that were never made, and names those that the database does not
    /// know.
    fn clear_up(&self, rows: &[KnownAgent], found: &trees::Found) {
        let unknown = |id: &&String| !rows.iter().any(|row| row.id == **id);
        for id in found.begun.iter().filter(unknown) {
            if let Err(error) = self.trees.remove_dir_all(id) {
                tracing::warn!(
                    "{}: it is left over and cannot be removed: {error}",
                    self.path.join(id).display()
                );
            }
        }
        for id in found.made.iter().filter(unknown) {
            let path = self.path.join(id);
            tracing::warn!(
                "{}: the database does not know this agent, so it is not served",
                path.display()
            );
        }
    }

    /// Makes an agent from an Agentfile, or makes the one of that name anew: its tools and
    /// documents change, its id, its workspace and its sessions stay.
    pub async fn apply(&self, file: &Path) -> Result<Arc<Agent>, AgentError> {
        let agentfile = agentfile::read_whole(file)?;
        // The parent of a name alone is empty, which is no path.
        let file_path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let home = file_path.parent().map_or_else(PathBuf::new, Path::to_owned);
        let name = agentfile.name.to_string();
        let known = self.builder.store.agents.named(&name).await?;
        let row = match known.clone() {
            Some(row) => KnownAgent {
                home: home.display().to_string(),
                ..row
            },
            None => KnownAgent {
                id: uuid::Uuid::new_v4().to_string(),
                name: name.clone(),
                home: home.display().to_string(),
                created_at: unix_seconds(),
            },
        };
        let pinned = Pinned {
            runner: &self.builder.runner,
            trees: &self.trees,
            path: &self.path,
            accepted: &self.accepted,
        };
        let mut components = Vec::new();
        for bin in &agentfile.bins {
            let found = component(&self.images, &name, bin, &home).await?;
            components.push(match &known {
                Some(known) => pinned.decided(known, bin, found).await?,
                None => found,
            });
        }
        let source = files::read(file, FILE_MAX_BYTES).map_err(|source| AgentError::Tree {
            path: file.to_owned(),
            source,
        })?;
        let made = self
            .make(&row, known.as_ref(), &agentfile, &components, &source)
            .await;
        if made.is_err() && known.is_none() {
            // An agent that never was leaves nothing. What cannot be removed now goes at the next
            // start.
            let _ = self.trees.remove_dir_all(&row.id);
        }
        let agent = Arc::new(made?);
        self.insert(name, Slot::Ready(Arc::clone(&agent), row.created_at));
        Ok(agent)
    }

    /// Builds an agent and changes its tree to fit. The tree and the database change only when
    /// everything has been found to work: the new revision is prepared beside the old one, and
    /// switched to last.
    async fn make(
        &self,
        row: &KnownAgent,
        known: Option<&KnownAgent>,
        agentfile: &Agentfile,
        components: &[Component],
        source: &[u8],
    ) -> Result<Agent, AgentError> {
        let workspace = self.workspace(&row.id)?;
        let Made { agent, documents } = self
            .builder
            .build(row, agentfile, components, workspace.clone())
            .await?;
        let revision = revision(source, agentfile, components, documents);
        let changed = !workspace.has(&revision)?;
        if changed {
            workspace.prepare(&revision)?;
        }
        if known != Some(row)
            && let Err(error) = self.builder.store.agents.put(row).await
        {
            workspace.discard();
            return Err(error.into());
        }
        if changed {
            workspace.finish()?;
        }
        Ok(agent)
    }

    /// The agent of this name or id; the only one, when nothing is named.
    pub fn find(&self, asked: Option<&str>) -> Result<Arc<Agent>, AgentError> {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        let known = || {
            agents
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let found = match asked {
            Some(asked) => agents
                .iter()
                .find(|(name, slot)| *name == asked || slot.id() == asked)
                .or_else(|| only(agents.iter().filter(|(_, slot)| begins(slot.id(), asked)))),
            None if agents.len() == 1 => agents.iter().next(),
            None => return Err(AgentError::Ambiguous { known: known() }),
        };
        match found {
            Some((_, Slot::Ready(agent, _))) => Ok(Arc::clone(agent)),
            Some((name, Slot::Failed { reason, .. })) => Err(AgentError::NotRunning {
                agent: name.clone(),
                reason: reason.clone(),
            }),
            None => Err(AgentError::Unknown {
                asked: asked.unwrap_or_default().to_owned(),
                known: known(),
            }),
        }
    }

    /// Every agent, by name.
    pub fn list(&self) -> Vec<Summary> {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        agents
            .iter()
            .map(|(name, slot)| slot.summary(name))
            .collect()
    }

    /// Those that run, by name.
    pub fn ready(&self) -> Vec<Arc<Agent>> {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        let ready = |slot: &Slot| match slot {
            Slot::Ready(agent, _) => Some(Arc::clone(agent)),
            Slot::Failed { .. } => None,
        };
        agents.values().filter_map(ready).collect()
    }

    /// Tells each time an agent was added or made anew.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The sessions of all agents.
    pub fn store(&self) -> &Store {
        &self.builder.store
    }

    /// The logs of all agents.
    pub fn logs(&self) -> &Logs {
        &self.builder.logs
    }

    fn insert(&self, name: String, slot: Slot) {
        let Summary {
            status,
            failure_reason,
            ..
        } = slot.summary(&name);
        self.logs().of(slot.id()).write(&LogEvent::Status {
            status,
            reason: &failure_reason,
        });
        self.agents
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, slot);
        self.changed.send_replace(());
    }

    fn workspace(&self, id: &str) -> Result<Workspace, AgentError> {
        Workspace::open(&self.trees, id, self.path.join(id))
    }

    async fn restore(&self, row: &KnownAgent) -> Result<Agent, AgentError> {
        if !self.trees.exists(&row.id) {
            let source = Error::new(
                ErrorKind::NotFound,
                "it is missing: put it back, or make the agent anew with --agentfile",
            );
            return Err(AgentError::Tree {
                path: self.path.join(&row.id),
                source,
            });
        }
        let workspace = self.workspace(&row.id)?;
        let file = self.path.join(&row.id).join("etc/Agentfile");
        let mut agentfile = agentfile::read(&file)?;
        agentfile.fill(|context| workspace.read_context(&context.name))?;
        let mut components = Vec::new();
        for bin in &agentfile.bins {
            let bytes = workspace
                .read(&format!("usr/bin/{}", bin.name), MAX_COMPONENT)?
                .into();
            components.push(Component {
                bytes,
                usage: workspace.read_usage(&bin.name)?,
            });
        }
        let Made { agent, documents } = self
            .builder
            .build(row, &agentfile, &components, workspace.clone())
            .await?;
        let source = files::read(&file, FILE_MAX_BYTES)
            .map_err(|source| AgentError::Tree { path: file, source })?;
        let revision = revision(&source, &agentfile, &components, documents);
        // Another version of this host may word the documents otherwise. The agent reads them from
        // memory.
        let written = match workspace.has(&revision) {
            Ok(true) => Ok(()),
            _ => workspace
                .prepare(&revision)
                .and_then(|()| workspace.finish()),
        };
        if let Err(error) = written {
            tracing::warn!(
                agent = row.name,
                "the documents in its tree stay as they were: {error}"
            );
        }
        Ok(agent)
    }
}

fn unix_seconds() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// Returns true if an id begins with what was asked for, which is long enough to be meant.
fn begins(id: &str, asked: &str) -> bool {
    asked.len() >= MIN_PREFIX && id.starts_with(asked)
}

/// Returns the only item, if there is just one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}
