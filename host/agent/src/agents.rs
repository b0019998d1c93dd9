//! The agents of this host.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use cap_std::fs::Dir;
use cofferdam_image::Images;
use cofferdam_image::agentfile::{self, Agentfile, Bin, BinSource};
use cofferdam_model::{Credentials, ModelName};
use cofferdam_tool::{Catalog, Queue, Runner};
use tokio::sync::watch;

use crate::agent::{Agent, write_documents};
use crate::chat::Turns;
use crate::decisions::{Accepted, Decisions};
use crate::error::AgentError;
use crate::session::AgentRow;
use crate::session::SessionStore;
use crate::workspace::Workspace;

/// The largest component that a tree holds, in bytes: what the sandbox loads at most.
pub(crate) const MAX_COMPONENT: u64 = 256 << 20;

/// What the agents of a host are made from.
#[derive(Debug)]
pub struct AgentsConfig {
    /// The data directory.
    pub data: Dir,
    /// Where it lies, for messages and for the database.
    pub path: PathBuf,
    /// API keys of model providers. No tool ever sees one.
    pub credentials: Credentials,
    /// Runs the tools.
    pub runner: Arc<Runner>,
    /// Tool images on this machine and in registries.
    pub images: Arc<Images>,
    /// What the operator decided, by agent and tool.
    pub decisions: Decisions,
    /// Components that the operator accepts although they ask for more than those in use.
    pub accepted: Vec<Accepted>,
}

/// The agents of this host, those that run and those that could not be restored.
#[derive(Debug)]
pub struct Agents {
    agents: RwLock<BTreeMap<String, Slot>>,
    trees: Dir,
    pub(crate) path: PathBuf,
    credentials: Credentials,
    pub(crate) runner: Arc<Runner>,
    images: Arc<Images>,
    store: SessionStore,
    turns: Arc<Turns>,
    decisions: Decisions,
    pub(crate) accepted: Vec<Accepted>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Clone)]
enum Slot {
    Ready(Arc<Agent>, i64),
    Failed { id: String, reason: String, created_at: i64 },
}

/// A tool as it is found, before it is loaded.
pub(crate) struct Component {
    pub(crate) bytes: Vec<u8>,
    /// How to call it, Markdown, as its image says.
    pub(crate) usage: Option<String>,
}

/// One row of a listing.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The id, a UUID.
    pub id: String,
    /// The name.
    pub name: String,
    /// The model; empty for an agent that could not be restored.
    pub model: String,
    /// `ready` or `failed`.
    pub status: &'static str,
    /// Why it failed.
    pub failure_reason: String,
    /// The names of its tools.
    pub tools: Vec<String>,
    /// Unix seconds.
    pub created_at: i64,
}

impl Agents {
    /// Opens the data directory and restores every agent from it. An agent that cannot be restored is kept, with the
    /// reason, and does not keep the others from working.
    pub async fn open(config: AgentsConfig) -> Result<Self, AgentError> {
        let AgentsConfig { data, path, credentials, runner, images, decisions, accepted } = config;
        let tree = |source| AgentError::Tree { path: path.join("agents"), source };
        data.create_dir_all("agents").map_err(tree)?;
        let trees = data.open_dir("agents").map_err(tree)?;
        let store = SessionStore::open(&path.join("cofferdam.db")).await?;
        let path = path.join("agents");
        let (agents, turns) = (RwLock::default(), Arc::default());
        let changed = watch::Sender::new(());
        let agents =
            Self { agents, trees, path, credentials, runner, images, store, turns, decisions, accepted, changed };
        for row in agents.store.agents().await? {
            let (name, created_at) = (row.name.clone(), row.created_at);
            let slot = match agents.restore(&row).await {
                Ok(agent) => Slot::Ready(Arc::new(agent), created_at),
                Err(error) => {
                    tracing::warn!(agent = name, "not restored: {error}");
                    Slot::Failed { id: row.id.clone(), reason: error.to_string(), created_at }
                }
            };
            agents.insert(name, slot);
        }
        Ok(agents)
    }

    /// Makes an agent from an Agentfile, or makes the one of that name anew: its tools and documents change, its id, its
    /// workspace and its sessions stay.
    pub async fn apply(&self, file: &Path) -> Result<Arc<Agent>, AgentError> {
        let agentfile = agentfile::read(file)?;
        let home = file.parent().map_or_else(PathBuf::new, Path::to_owned);
        let home = std::path::absolute(&home).unwrap_or(home);
        let name = agentfile.name.to_string();
        let row = match self.store.agent(&name).await? {
            Some(row) => AgentRow { home: home.display().to_string(), ..row },
            None => AgentRow {
                id: uuid::Uuid::new_v4().to_string(),
                name: name.clone(),
                home: home.display().to_string(),
                created_at: unix_seconds(),
            },
        };
        let mut components = Vec::new();
        for bin in &agentfile.bins {
            let found = self.component(&name, bin, &home).await?;
            components.push(self.decided(&row, bin, found).await?);
        }
        let source = std::fs::read(file).map_err(|source| AgentError::Tree { path: file.to_owned(), source })?;
        let workspace = self.workspace(&row.id)?;
        let agent = self.build(&row, &agentfile, &components, workspace.clone()).await?;
        // Only now, when everything has been found to work, does the tree change.
        let bins: Vec<_> = agentfile.bins.iter().map(|bin| bin.name.clone()).collect();
        workspace.keep_only("usr/bin", &bins)?;
        for (bin, component) in bins.iter().zip(&components) {
            workspace.write(&format!("usr/bin/{bin}"), &component.bytes)?;
            workspace.write_usage(bin, component.usage.as_deref())?;
        }
        workspace.write("etc/Agentfile", &source)?;
        self.store.put_agent(&row).await?;
        let agent = Arc::new(agent);
        self.insert(name, Slot::Ready(Arc::clone(&agent), row.created_at));
        Ok(agent)
    }

    /// The agent of this name or id; the only one, when nothing is named.
    pub fn find(&self, asked: Option<&str>) -> Result<Arc<Agent>, AgentError> {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        let known = || agents.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let found = match asked {
            Some(asked) => agents.iter().find(|(name, slot)| *name == asked || slot.id() == asked),
            None if agents.len() == 1 => agents.iter().next(),
            None => return Err(AgentError::Ambiguous { known: known() }),
        };
        match found {
            Some((_, Slot::Ready(agent, _))) => Ok(Arc::clone(agent)),
            Some((name, Slot::Failed { reason, .. })) => {
                Err(AgentError::NotRunning { agent: name.clone(), reason: reason.clone() })
            }
            None => Err(AgentError::Unknown { asked: asked.unwrap_or_default().to_owned(), known: known() }),
        }
    }

    /// Every agent, by name.
    pub fn list(&self) -> Vec<Summary> {
        let agents = self.agents.read().unwrap_or_else(PoisonError::into_inner);
        agents.iter().map(|(name, slot)| slot.summary(name)).collect()
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
    pub fn store(&self) -> &SessionStore {
        &self.store
    }

    fn insert(&self, name: String, slot: Slot) {
        self.agents.write().unwrap_or_else(PoisonError::into_inner).insert(name, slot);
        self.changed.send_replace(());
    }

    pub(crate) fn workspace(&self, id: &str) -> Result<Workspace, AgentError> {
        Workspace::open(&self.trees, id, self.path.join(id))
    }

    async fn restore(&self, row: &AgentRow) -> Result<Agent, AgentError> {
        let workspace = self.workspace(&row.id)?;
        let file = self.path.join(&row.id).join("etc/Agentfile");
        let agentfile = agentfile::read(&file)?;
        let mut components = Vec::new();
        for bin in &agentfile.bins {
            let bytes = workspace.read(&format!("usr/bin/{}", bin.name), MAX_COMPONENT)?;
            components.push(Component { bytes, usage: workspace.read_usage(&bin.name)? });
        }
        self.build(row, &agentfile, &components, workspace).await
    }

    /// A tool: a file beside the Agentfile, or an image of this machine or a registry.
    async fn component(&self, agent: &str, bin: &Bin, home: &Path) -> Result<Component, AgentError> {
        let wrong = |problem: String| AgentError::Bin { agent: agent.to_owned(), bin: bin.name.clone(), problem };
        match &bin.source {
            BinSource::Path(path) => {
                let path = home.join(path);
                let size = std::fs::metadata(&path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
                if size.len() > MAX_COMPONENT {
                    return Err(wrong(format!("{} has more than {MAX_COMPONENT} bytes", path.display())));
                }
                let bytes = std::fs::read(&path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
                Ok(Component { bytes, usage: None })
            }
            BinSource::Image(reference) => {
                let found = self.images.tool(reference).await.map_err(|error| wrong(error.to_string()))?;
                if found.pulled.is_some() {
                    tracing::info!(agent, bin = bin.name, digest = %found.digest, "pulled {reference}");
                }
                Ok(Component { bytes: found.tool.component, usage: found.tool.usage })
            }
        }
    }

    async fn build(
        &self,
        row: &AgentRow,
        agentfile: &Agentfile,
        components: &[Component],
        workspace: Workspace,
    ) -> Result<Agent, AgentError> {
        let model = |source| AgentError::Model { agent: row.name.clone(), source };
        let model_name: ModelName = agentfile.model.parse().map_err(model)?;
        let opened = cofferdam_model::open(&model_name, &self.credentials, Path::new(&row.home)).map_err(model)?;
        let mut catalog = Catalog::default();
        let queue = self.runner.queue();
        for (bin, component) in agentfile.bins.iter().zip(components) {
            self.add_tools(row, bin, component, &workspace, &queue, &mut catalog).await?;
        }
        let system_prompt = write_documents(&workspace, agentfile, &row.id, &catalog)?;
        Ok(Agent {
            id: row.id.clone(),
            name: row.name.clone(),
            model_name,
            model: opened,
            catalog,
            system_prompt,
            workspace,
            runner: Arc::clone(&self.runner),
            store: self.store.clone(),
            turns: Arc::clone(&self.turns),
        })
    }

    async fn add_tools(
        &self,
        row: &AgentRow,
        bin: &Bin,
        component: &Component,
        workspace: &Workspace,
        queue: &Arc<Queue>,
        catalog: &mut Catalog,
    ) -> Result<(), AgentError> {
        let wrong =
            |error| AgentError::Tool { agent: row.name.clone(), bin: bin.name.clone(), source: Box::new(error) };
        let installed = self.runner.load(&component.bytes, &format!("BIN {}", bin.name), None).await.map_err(wrong)?;
        let grant = |source| wrong(cofferdam_tool::ToolError::Grant { tool: bin.name.clone(), source });
        let decision =
            self.decisions.offered(&row.name, &bin.name, installed.manifest(), workspace.root()).map_err(grant)?;
        let mut note = bin.description.clone().unwrap_or_default();
        // The agent's author knows better than the tool's what it is called for here.
        if let Some(usage) = bin.usage.as_ref().or(component.usage.as_ref()) {
            note = format!("{note}\n\n## Usage\n\n{usage}");
        }
        let tools = self.runner.offer(&installed, &bin.name, &note, decision, queue).await.map_err(wrong)?;
        for tool in tools {
            catalog.add(tool).map_err(|name| AgentError::Bin {
                agent: row.name.clone(),
                bin: bin.name.clone(),
                problem: format!("another BIN already has a tool `{name}`: give this one another name"),
            })?;
        }
        Ok(())
    }
}

impl Slot {
    fn id(&self) -> &str {
        match self {
            Self::Ready(agent, _) => agent.id(),
            Self::Failed { id, .. } => id,
        }
    }

    fn summary(&self, name: &str) -> Summary {
        let (model, status, failure_reason, tools, created_at) = match self {
            Self::Ready(agent, created_at) => {
                let tools = agent.catalog().iter().map(|tool| tool.name().to_owned()).collect();
                (agent.model(), "ready", String::new(), tools, *created_at)
            }
            Self::Failed { reason, created_at, .. } => {
                (String::new(), "failed", reason.clone(), Vec::new(), *created_at)
            }
        };
        let (id, name) = (self.id().to_owned(), name.to_owned());
        Summary { id, name, model, status, failure_reason, tools, created_at }
    }
}

fn unix_seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
