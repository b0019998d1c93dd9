//! Agents made of an Agentfile and the components of its BINs.

use std::path::PathBuf;
use std::sync::Arc;

use cofferdam_image::agentfile::{Agentfile, Bin};
use cofferdam_model::{Credentials, ModelHandle, ModelName};
use cofferdam_store::{KnownAgent, Logs, Store};
use cofferdam_tool::{Runner, Toolbox};

use crate::agent::{Agent, documents_of};
use crate::component::Component;
use crate::decisions::{Decisions, Withheld};
use crate::documents;
use crate::error::AgentError;
use crate::life::Life;
use crate::revision::Revision;
use crate::workspace::{Workspace, usage_file};

/// Everything but its own that an agent is made from.
#[derive(Debug, Clone)]
pub(crate) struct Builder {
    pub(crate) credentials: Credentials,
    pub(crate) runner: Arc<Runner>,
    pub(crate) store: Store,
    pub(crate) logs: Logs,
    pub(crate) decisions: Decisions,
    pub(crate) withheld: Withheld,
}

/// An agent that was made, and what its tree has to hold for it.
pub(crate) struct Made {
    pub(crate) agent: Agent,
    /// The files of its documents, with their texts.
    pub(crate) documents: Vec<(String, String)>,
}

/// A BIN with what it is declared in.
#[derive(Clone, Copy)]
struct Declared<'a> {
    row: &'a KnownAgent,
    agentfile: &'a Agentfile,
    bin: &'a Bin,
}

impl Builder {
    /// Makes an agent of components that are at hand.
    pub(crate) async fn build(
        &self,
        row: &KnownAgent,
        agentfile: &Agentfile,
        components: &[Component],
        workspace: Workspace,
        life: Arc<Life>,
    ) -> Result<Made, AgentError> {
        check_settings(agentfile)?;
        let model = |source| AgentError::Model {
            agent: row.name.clone(),
            source,
        };
        let model_name: ModelName = agentfile.model.parse().map_err(model)?;
        let home = PathBuf::from(&row.home);
        let opened =
            ModelHandle::open(model_name.clone(), &self.credentials, home).map_err(model)?;
        let mut toolbox = self.runner.toolbox();
        for (bin, component) in agentfile.bins.iter().zip(components) {
            if let Some(reason) = self.withheld.get(&(row.name.clone(), bin.name.clone())) {
                tracing::warn!(agent = row.name, tool = bin.name, "withheld: {reason}");
                continue;
            }
            let declared = Declared {
                row,
                agentfile,
                bin,
            };
            self.add_tools(declared, component, &workspace, &mut toolbox)
                .await?;
        }
        let documents = documents_of(agentfile, &row.id, &toolbox);
        let system_prompt =
            documents::system_prompt(documents.iter().map(|(name, text)| (&**name, &**text)));
        let agent = Agent {
            id: row.id.clone(),
            name: row.name.clone(),
            model_name,
            model: opened,
            toolbox: Arc::new(toolbox),
            system_prompt,
            workspace,
            runner: Arc::clone(&self.runner),
            store: self.store.clone(),
            log: self.logs.of(&row.id),
            life,
        };
        Ok(Made { agent, documents })
    }

    async fn add_tools(
        &self,
        declared: Declared<'_>,
        component: &Component,
        workspace: &Workspace,
        toolbox: &mut Toolbox,
    ) -> Result<(), AgentError> {
        let Declared {
            row,
            agentfile,
            bin,
        } = declared;
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
        let grant = |source| {
            wrong(cofferdam_tool::ToolError::Grant {
                tool: bin.name.clone(),
                source,
            })
        };
        let decision = self
            .decisions
            .offered(agentfile, &bin.name, installed.manifest(), workspace.root())
            .map_err(grant)?;
        // The agent's author knows better than the tool's what it is called for here.
        let usage = bin.usage.as_deref().or(component.usage.as_deref());
        let note = cofferdam_tool::note(bin.description.as_deref().unwrap_or_default(), usage);
        let tools = self
            .runner
            .offer(&installed, &bin.name, &note, decision, toolbox)
            .await
            .map_err(wrong)?;
        for tool in tools {
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

/// Refuses an agent whose Agentfile leaves a value to who runs it.
fn check_settings(agentfile: &Agentfile) -> Result<(), AgentError> {
    let missing: Vec<_> = agentfile
        .configs
        .iter()
        .filter(|config| config.required)
        .map(|config| config.key.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(AgentError::Config {
        agent: agentfile.name.to_string(),
        keys: missing.join(", "),
    })
}

/// The files of `etc` and `usr` for an agent.
pub(crate) fn revision(
    source: &[u8],
    agentfile: &Agentfile,
    components: &[Component],
    documents: Vec<(String, String)>,
) -> Revision {
    let mut revision = Revision::default();
    revision.add("etc/Agentfile", source);
    documents
        .into_iter()
        .for_each(|(name, text)| revision.add(format!("etc/context/{name}.md"), text));
    for (bin, component) in agentfile.bins.iter().zip(components) {
        revision.add(format!("usr/bin/{}", bin.name), &*component.bytes);
        if let Some(usage) = &component.usage {
            revision.add(usage_file(&bin.name), usage.clone());
        }
    }
    revision
}
