//! Agents made of an Agentfile and the components of its BINs.

use std::path::PathBuf;
use std::sync::Arc;

use cofferdam_image::agentfile::{Agentfile, Bin, Overrides, RoomRequest, overridden};
use cofferdam_model::{Credentials, ModelHandle, ModelName};
use cofferdam_store::{KnownAgent, Logs, Store};
use cofferdam_tool::{HostTool, Runner, Toolbox, hosted};

use crate::agent::Agent;
use crate::agent_yaml::Pinned;
use crate::approvals::Approvals;
use crate::component::Component;
use crate::decisions::{Decisions, Offering, Withheld};
use crate::deployment::{Deployment, DeploymentError};
use crate::documents::{self, Subject};
use crate::error::AgentError;
use crate::injected;
use crate::kept::{self, RESOLVED, WRITTEN};
use crate::life::Life;
use crate::mounts::{Mounts, OpenMount};
use crate::notes::{NoteSettings, Notes};
use crate::places::Places;
use crate::policies;
use crate::resolved::{Resolved, agent_yaml};
use crate::revision::{BINS, Revision};
use crate::room::Rooms;
use crate::sampling::sampling;
use crate::totals::TurnTotals;
use crate::turn_limits::TurnSettings;
use crate::workspace::{Workspace, YAML, data_file, usage_file};

/// Everything but its own that an agent is made from.
#[derive(Debug, Clone)]
pub(crate) struct Builder {
    pub(crate) credentials: Credentials,
    pub(crate) runner: Arc<Runner>,
    pub(crate) store: Store,
    pub(crate) logs: Logs,
    pub(crate) decisions: Decisions,
    pub(crate) withheld: Withheld,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) approvals: Approvals,
    pub(crate) totals: Arc<TurnTotals>,
}

/// An agent that was made, and what its tree has to hold for it.
pub(crate) struct Made {
    pub(crate) agent: Agent,
    /// Generated files of its tree, with what is in them.
    pub(crate) texts: Vec<(String, Vec<u8>)>,
    /// Choices of its operator without effect, each as a sentence.
    pub(crate) notes: Vec<String>,
}

/// A BIN with what it is declared in.
#[derive(Clone, Copy)]
struct Declared<'a> {
    row: &'a KnownAgent,
    offering: Offering<'a>,
    bin: &'a Bin,
}

/// A model, and the directory in which the file of `script/FILE` lies.
struct ModelSource {
    name: ModelName,
    directory: PathBuf,
}

impl Builder {
    /// Makes an agent of components that are at hand. `created` are the choices with which it was
    /// created; those of the operator's file go before them.
    pub(crate) async fn build(
        &self,
        row: &KnownAgent,
        agentfile: &Agentfile,
        created: &Deployment,
        components: &[Component],
        workspace: Workspace,
        life: Arc<Life>,
    ) -> Result<Made, AgentError> {
        let deployment = self.decisions.deployment(&row.name, created);
        let image = Pinned {
            reference: row.image.clone(),
            digest: row.image_digest.clone(),
        };
        let resolved = kept::resolved(agentfile, &image, components);
        let resolved = resolved.map_err(|source| AgentError::Resolved {
            agent: row.name.clone(),
            source: Box::new(source),
        })?;
        let agentfile = &deployed(&row.name, agentfile, &deployment)?;
        check_settings(agentfile)?;
        let mounts = Mounts::open(&row.name, &deployment)?;
        let model = |source| AgentError::Model {
            agent: row.name.clone(),
            source,
        };
        if agentfile.model.is_none() {
            return Err(AgentError::NoModel {
                agent: row.name.clone(),
            });
        }
        let model_name: ModelName = agentfile.model().parse().map_err(model)?;
        let request = RoomRequest::of(&agentfile.configs);
        let bounds = self.decisions.room.bounds(&request);
        let bounds = bounds.map_err(|source| AgentError::Deployment {
            agent: row.name.clone(),
            source,
        })?;
        let files = workspace.files(&self.rooms, &row.id, bounds)?;
        if !workspace.is_adopted() {
            mounts.make_points(&row.name, workspace.root());
        }
        files.settle();
        let data = workspace.keep_data(agentfile)?;
        let ModelSource { name, directory } = match workspace.script(agentfile) {
            Some(script) => ModelSource {
                name: script.model.parse().map_err(model)?,
                directory: script.directory,
            },
            None if row.home.is_empty() && model_name.provider() == "script" => {
                return Err(AgentError::NoScript {
                    agent: row.name.clone(),
                    model: model_name.to_string(),
                });
            }
            None => ModelSource {
                name: model_name.clone(),
                directory: PathBuf::from(&row.home),
            },
        };
        let opened = ModelHandle::open(name, &self.credentials, directory).map_err(model)?;
        let sampling = sampling(&agentfile.configs);
        let accepted = opened.current().and_then(|model| model.accept(&sampling));
        accepted.map_err(model)?;
        let mut toolbox = self
            .runner
            .toolbox()
            .asking(self.approvals.of_agent(&row.id));
        if let Some(narrowing) = policies::narrowing(agentfile)? {
            toolbox = toolbox.narrowed_by(narrowing);
        }
        let places = Places::of(workspace.root());
        let offering = Offering {
            agentfile,
            places: &places,
            mounts: &mounts,
            data: data.as_ref(),
            room: Some(files.room()),
        };
        for (bin, component) in agentfile.bins.iter().zip(components) {
            if let Some(reason) = self.withheld.get(&(row.name.clone(), bin.name.clone())) {
                tracing::warn!(agent = row.name, tool = bin.name, "withheld: {reason}");
                continue;
            }
            let declared = Declared { row, offering, bin };
            self.add_tools(declared, component, &mut toolbox).await?;
        }
        let settings = NoteSettings::of(agentfile);
        let NoteSettings { quota, section } =
            settings.map_err(|source| AgentError::Deployment {
                agent: row.name.clone(),
                source,
            })?;
        let notes = Notes::new(self.store.notes.clone(), &row.id, quota);
        self.add_own_tools(
            row,
            injected::tools(agentfile, &mounts, &notes),
            &mut toolbox,
        )?;
        let documents = documents::of(Subject {
            id: &row.id,
            agentfile,
            toolbox: &toolbox,
            mounts: &mounts,
            room: bounds,
        });
        let system_prompt = documents::system_prompt(&documents);
        let mut texts = texts(
            &row.name,
            Resolved {
                id: &row.id,
                agentfile,
                image,
                components,
                mounts: &mounts,
                documents: &documents,
            },
        )?;
        texts.extend(resolved.map(|config| (RESOLVED.to_owned(), config)));
        let told = without_effect(&mounts, &deployment, &toolbox);
        for note in &told {
            tracing::warn!(agent = row.name, "{note}");
        }
        let agent = Agent {
            id: row.id.clone(),
            name: row.name.clone(),
            model_name,
            model: opened,
            sampling,
            approvals: self.approvals.clone(),
            toolbox: Arc::new(toolbox),
            system_prompt,
            notes,
            notes_section: section,
            workspace,
            files,
            runner: Arc::clone(&self.runner),
            store: self.store.clone(),
            log: self.logs.of(&row.id),
            life,
            turns: TurnSettings::of(&agentfile.configs),
            totals: Arc::clone(&self.totals),
        };
        Ok(Made {
            agent,
            texts,
            notes: told,
        })
    }

    /// Adds tools that the host answers itself.
    fn add_own_tools(
        &self,
        row: &KnownAgent,
        tools: Vec<Arc<dyn HostTool>>,
        toolbox: &mut Toolbox,
    ) -> Result<(), AgentError> {
        for tool in tools {
            let name = tool.descriptor().name;
            let made = hosted(&self.runner, tool);
            let made = made.map_err(|error| AgentError::Tool {
                agent: row.name.clone(),
                bin: name.to_string(),
                source: Box::new(error),
            })?;
            toolbox.add(made).map_err(|_| AgentError::Bin {
                agent: row.name.clone(),
                bin: name.to_string(),
                problem: format!(
                    "CAPABILITY {name} is a tool of the host: give this one another name"
                ),
            })?;
        }
        Ok(())
    }

    async fn add_tools(
        &self,
        declared: Declared<'_>,
        component: &Component,
        toolbox: &mut Toolbox,
    ) -> Result<(), AgentError> {
        let Declared { row, offering, bin } = declared;
        let wrong = |error| AgentError::Tool {
            agent: row.name.clone(),
            bin: bin.name.clone(),
            source: Box::new(error),
        };
        let installed = self
            .runner
            .load(component.bytes.clone(), &format!("BIN {}", bin.name), None)
            .await
            .map_err(wrong)?;
        component.was_loaded_as(installed.digest());
        let grant = |source| {
            wrong(cofferdam_tool::ToolError::Grant {
                tool: bin.name.clone(),
                source,
            })
        };
        let decision = self
            .decisions
            .offered(offering, &bin.name, installed.manifest())
            .map_err(grant)?;
        // The agent's author knows better than the tool's what it is called for here.
        // No reviewer has seen what an image says beside its component.
        let reviewed = self.runner.reviews().is_asked_for();
        let own = reviewed.then(|| cofferdam_tool::usage(&component.bytes));
        let said = own.unwrap_or_else(|| component.usage.clone());
        let usage = bin.usage.as_deref().or(said.as_deref());
        let note = cofferdam_tool::note(bin.description.as_deref().unwrap_or_default(), usage);
        let tools = self
            .runner
            .offer(&installed, &bin.name, &note, decision, toolbox)
            .await
            .map_err(wrong)?;
        let retry = self.decisions.retry(offering.agentfile, &bin.name);
        for tool in tools {
            let tool = tool.with_retry(retry.clone());
            toolbox.add(tool).map_err(|taken| AgentError::Bin {
                agent: row.name.clone(),
                bin: bin.name.clone(),
                problem: format!(
                    "another BIN already has a tool `{}`: give this one another name",
                    taken.name
                ),
            })?;
        }
        Ok(())
    }
}

/// The Agentfile with the operator's choices in it.
pub(crate) fn deployed(
    agent: &str,
    agentfile: &Agentfile,
    deployment: &Deployment,
) -> Result<Agentfile, AgentError> {
    let Deployment {
        model,
        envs,
        configs,
        mounts: _,
        labels,
        addr: _,
    } = deployment;
    let overrides = Overrides {
        model: model.as_deref(),
        envs: Some(envs),
        configs: Some(configs),
        labels: Some(labels),
    };
    overridden(agentfile.clone(), &overrides).map_err(|error| AgentError::Deployment {
        agent: agent.to_owned(),
        source: DeploymentError(error.to_string()),
    })
}

/// Says which mounts and variables of the operator no tool sees.
fn without_effect(mounts: &Mounts, deployment: &Deployment, toolbox: &Toolbox) -> Vec<String> {
    let grants = || toolbox.iter().map(|tool| tool.grant());
    let targets = mounts.iter().map(OpenMount::target);
    let unseen = targets
        .filter(|target| !grants().any(|grant| documents::access_in(grant, target).is_some()));
    let mut notes: Vec<_> = unseen
        .map(|target| {
            format!(
                "no tool sees the mount {target}: none of its tools has a row for it in its \
                 manifest, or `grant.BIN.mounts` takes it away"
            )
        })
        .collect();
    let is_seen = |name: &String| {
        grants().any(|grant| grant.environment().iter().any(|(seen, _)| seen == name))
    };
    let unseen: Vec<_> = deployment
        .envs
        .keys()
        .filter(|name| !is_seen(name))
        .map(|name| format!("`{name}`"))
        .collect();
    if !unseen.is_empty() {
        notes.push(format!(
            "no tool sees {}: none of its tools has a row [[env]] of this name in its manifest",
            unseen.join(", ")
        ));
    }
    notes
}

/// Refuses an agent whose Agentfile leaves a value to who runs it, who gives none.
fn check_settings(agentfile: &Agentfile) -> Result<(), AgentError> {
    let missing: Vec<_> = agentfile
        .configs
        .iter()
        .filter(|config| config.required && config.value.is_none())
        .map(|config| config.key.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(AgentError::Config {
        agent: agentfile.name().to_owned(),
        keys: missing.join(", "),
    })
}

/// Its documents and `etc/agent.yaml`.
fn texts(agent: &str, resolved: Resolved<'_>) -> Result<Vec<(String, Vec<u8>)>, AgentError> {
    let documents = resolved.documents.iter();
    let mut texts: Vec<_> = documents
        .map(|document| {
            let file = format!("etc/context/{}.md", document.name);
            (file, document.text.clone().into_bytes())
        })
        .collect();
    let yaml = agent_yaml(resolved).text();
    let yaml = yaml.map_err(|error| AgentError::Deployment {
        agent: agent.to_owned(),
        source: DeploymentError(format!("etc/agent.yaml cannot be written: {error}")),
    })?;
    texts.push((YAML.to_owned(), yaml.into_bytes()));
    Ok(texts)
}

/// The files of `etc` and `usr` for an agent.
pub(crate) fn revision(
    source: &[u8],
    agentfile: &Agentfile,
    components: &[Component],
    texts: Vec<(String, Vec<u8>)>,
) -> Revision {
    let mut revision = Revision::default();
    // Images that are older than this layer have none.
    if !source.is_empty() {
        revision.add(WRITTEN, source.to_vec());
    }
    for add in &agentfile.adds {
        revision.add(data_file(&add.name), add.content.clone());
    }
    texts
        .into_iter()
        .for_each(|(name, text)| revision.add(name, text));
    for (bin, component) in agentfile.bins.iter().zip(components) {
        revision.add(format!("{BINS}{}", bin.name), component.bytes.clone());
        if let Some(usage) = &component.usage {
            revision.add(usage_file(&bin.name), usage.clone());
        }
    }
    revision
}
