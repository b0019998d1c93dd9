//! An agent in a tree that an executor of openotters has made. The tree is taken as it is: nothing
//! is fetched, and nothing in its `etc` and `usr` is written.

mod documents;
mod mounts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::Dir;
use cofferdam_call::MAX_COMPONENT;
use cofferdam_capability::Digest;
use cofferdam_image::agentfile::{AgentName, Agentfile, Overrides, check_overrides};
use cofferdam_image::{Reference, ToolSource, from_config_json};
use cofferdam_store::{Desired, KnownAgent, State};
use serde_json::json;

use self::mounts::KeptMounts;
use crate::agent::Agent;
use crate::agent_yaml::{AGENT_YAML_MAX_BYTES, AgentYaml, AgentYamlError};
use crate::agents::{Agents, Opened};
use crate::agents_config::AgentsConfig;
use crate::build::Made;
use crate::component::Component;
use crate::deployment::Deployment;
use crate::error::AgentError;
use crate::keeper::unix_seconds;
use crate::life::{Life, Status};
use crate::slot::Slot;
use crate::workspace::{Workspace, YAML};

/// A tree of another program, and the choices of whoever starts its agent.
#[derive(Debug)]
pub struct AdoptedTree {
    /// The tree.
    pub dir: Dir,
    /// Its path, for messages and for the directory of a model `script/FILE`.
    pub path: PathBuf,
    /// The agent's name, in place of the one in its `etc/agent.yaml`.
    pub name: Option<String>,
    /// The model, in place of the one in its `etc/agent.yaml`.
    pub model: Option<String>,
    /// Variables of this process, of which tools see those that `etc/agent.yaml` lists and their
    /// manifests declare.
    pub environment: BTreeMap<String, String>,
}

/// An agent as its tree says it, before its tools are loaded.
struct Declared {
    yaml: AgentYaml,
    agentfile: Agentfile,
    components: Vec<Component>,
    documents: documents::Listed,
    deployment: Deployment,
}

/// Opens the data directory for the agent of a tree, which then is the only one, and ready.
pub async fn adopt(config: AgentsConfig, tree: AdoptedTree) -> Result<Arc<Agents>, AgentError> {
    let path = config.path.clone();
    let data = config.data.try_clone();
    let data = data.map_err(|source| AgentError::Tree {
        path: path.clone(),
        source,
    })?;
    let Opened { agents, rows, .. } = Agents::opened(config).await?;
    let workspace = Workspace::adopted(&tree.dir, &tree.path)?;
    let kept = KeptMounts { data, path };
    let declared = Declared::read(&tree, &workspace, &kept)?;
    let row = KnownAgent {
        id: id(&rows, &declared.yaml),
        name: declared.agentfile.name().to_owned(),
        home: tree.path.display().to_string(),
        created_at: rows.first().map_or_else(unix_seconds, |row| row.created_at),
        desired: Desired::Running,
        state: State::Starting,
        failure: String::new(),
        image: declared.yaml.image.reference.clone(),
        image_digest: declared.yaml.image.digest.clone(),
        deployment: "{}".to_owned(),
    };
    let keeper = &agents.keeper;
    keeper.starter.journal.store.agents.put(&row).await?;
    let life = Life::new(Status::of(State::Starting), keeper.alarm.clone());
    let slot = Slot::new(row.clone(), Arc::clone(&life));
    keeper.registry.insert(Arc::clone(&slot));
    let agent = made(&agents, &row, declared, workspace, life).await?;
    keeper.starter.ready(&slot, agent).await?;
    Ok(Arc::new(agents))
}

/// Waits until a task of an agent has panicked.
pub async fn crashed(agents: &Agents) {
    // The sender is this host's own, so the wait ends in no other way.
    let _ = agents.keeper.alarm.subscribe().changed().await;
}

/// Makes the agent, and gives it the documents of its tree.
async fn made(
    agents: &Agents,
    row: &KnownAgent,
    declared: Declared,
    workspace: Workspace,
    life: Arc<Life>,
) -> Result<Agent, AgentError> {
    let Declared {
        yaml: _,
        agentfile,
        components,
        documents,
        deployment,
    } = declared;
    let builder = agents.keeper.starter.maker.builder();
    let Made { agent, texts, .. } = builder
        .build(row, &agentfile, &deployment, &components, workspace, life)
        .await?;
    let system_prompt = documents.prompt(&texts, &agent.toolbox);
    Ok(Agent {
        system_prompt,
        ..agent
    })
}

/// The id of the agent: the one that its sessions are stored under, else that of its file.
fn id(rows: &[KnownAgent], yaml: &AgentYaml) -> String {
    match (rows.first(), uuid::Uuid::parse_str(&yaml.id)) {
        (Some(row), _) => row.id.clone(),
        (None, Ok(id)) => id.to_string(),
        (None, Err(_)) => uuid::Uuid::new_v4().to_string(),
    }
}

impl Declared {
    fn read(
        tree: &AdoptedTree,
        workspace: &Workspace,
        kept: &KeptMounts,
    ) -> Result<Self, AgentError> {
        let path = tree.path.join(YAML);
        let text = workspace.read_text(YAML, AGENT_YAML_MAX_BYTES + 1)?;
        let yaml = AgentYaml::read(&text, &path)?;
        let documents = documents::Listed::read(workspace, &yaml.context)?;
        let config = config(&yaml, &documents, &tree.environment);
        let agentfile = from_config_json(config.to_string().as_bytes());
        let mut agentfile =
            agentfile.map_err(|error| AgentYamlError::new(&path, format!("it {error}")))?;
        if let Some(name) = &tree.name {
            agentfile.name = Some(name.parse::<AgentName>()?);
        }
        let mut components = Vec::new();
        for (bin, tool) in agentfile.bins.iter_mut().zip(&yaml.tools) {
            let file = Path::new(&tool.binary).file_name();
            let file = file.and_then(|file| file.to_str()).unwrap_or(&bin.name);
            let bytes = workspace.read(&format!("usr/bin/{file}"), MAX_COMPONENT)?;
            let own = cofferdam_tool::usage(&bytes);
            let usage = own.map_or_else(|| workspace.read_usage(&bin.name), |own| Ok(Some(own)))?;
            let component = Component::new(bytes, usage);
            bin.source = ToolSource::Image(Reference::bare(component.digest()));
            components.push(component);
        }
        let deployment = Deployment {
            model: tree.model.clone(),
            configs: yaml.configs.clone(),
            mounts: kept.mounts(&tree.dir, &yaml.mounts)?,
            ..Deployment::default()
        };
        Ok(Self {
            yaml,
            agentfile,
            components,
            documents,
            deployment,
        })
    }
}

/// The same as the config of an image, so that the rules for both are the same ones.
fn config(
    yaml: &AgentYaml,
    documents: &documents::Listed,
    environment: &BTreeMap<String, String>,
) -> serde_json::Value {
    // The digest of each component takes its place.
    let placeholder = Reference::bare(Digest::of(b"")).to_string();
    let tools = yaml.tools.iter().map(
        |tool| json!({ "name": tool.name, "image": placeholder, "description": tool.description }),
    );
    let envs = yaml.envs.iter().filter_map(|variable| {
        let value = environment.get(&variable.key)?;
        let is_free = is_free(&variable.key);
        if !is_free {
            let key = &variable.key;
            tracing::warn!("variable {key}: no tool gets it, because its name is the host's");
        }
        is_free.then(|| {
            json!({
                "key": variable.key,
                "value": value,
                "description": variable.description,
            })
        })
    });
    let capabilities = yaml.capabilities.iter().map(|row| row.name.as_str());
    json!({ "agent": {
        "name": yaml.name,
        "model": yaml.model,
        "contexts": documents.contexts(),
        "bins": tools.collect::<Vec<_>>(),
        "envs": envs.collect::<Vec<_>>(),
        "exec": yaml.exec,
        "capabilities": capabilities.collect::<Vec<_>>(),
    }})
}

/// Returns true for a variable that an Agentfile may set.
fn is_free(key: &str) -> bool {
    let envs = BTreeMap::from([(key.to_owned(), String::new())]);
    let overrides = Overrides {
        envs: Some(&envs),
        ..Overrides::default()
    };
    check_overrides(&overrides).is_ok()
}
