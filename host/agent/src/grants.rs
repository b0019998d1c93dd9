//! The grants of an agent's tools, without starting its host.

use std::path::Path;

use cap_std::fs::Dir;
use cofferdam_call::MAX_COMPONENT;
use cofferdam_capability::Grant;
use cofferdam_tool::{Runner, ToolError};

use crate::build::deployed;
use crate::decisions::{Decisions, Offering, Withheld};
use crate::deployment::{Deployment, stored};
use crate::error::AgentError;
use crate::homes;
use crate::mounts::Mounts;
use crate::on_disk::tree_of;
use crate::places::Places;
use crate::workspace::Workspace;

/// The access of an agent's BIN.
#[derive(Debug)]
pub enum BinAccess {
    /// The tool, under this grant.
    Granted(Box<Grant>),
    /// Nothing.
    Withheld {
        /// The BIN.
        bin: String,
        /// The reason.
        reason: String,
    },
}

impl BinAccess {
    /// The name of the BIN.
    pub fn bin(&self) -> &str {
        match self {
            Self::Granted(grant) => grant.tool(),
            Self::Withheld { bin, .. } => bin,
        }
    }
}

/// Decides about each BIN of an agent, in the order of its Agentfile, as the host does when it
/// restores the agent. `data` is the data directory and `path` where it lies. Nothing of a tool
/// runs, and nothing is made in the tree.
pub async fn grants(
    data: &Dir,
    path: &Path,
    agent: &str,
    runner: &Runner,
    decisions: &Decisions,
    withheld: &Withheld,
) -> Result<Vec<BinAccess>, AgentError> {
    let known = cofferdam_store::known_agents(&path.join("cofferdam.db")).await?;
    let (tree, agentfile) = tree_of(path, &known, agent)?;
    let workspace = Workspace::existing(data, &tree)?;
    let created = known.iter().find(|known| known.name == agent);
    let created = created.map_or_else(
        || Ok(Deployment::default()),
        |known| stored(&known.deployment),
    );
    let created = created.map_err(|source| AgentError::Deployment {
        agent: agent.to_owned(),
        source,
    })?;
    let deployment = decisions.deployment(agent, &created);
    let agentfile = deployed(agent, &agentfile, &deployment)?;
    let mounts = Mounts::open(agent, &deployment)?;
    let data = workspace.data(&agentfile)?;
    let places = Places::of(workspace.root());
    let offering = Offering {
        agentfile: &agentfile,
        places: &places,
        mounts: &mounts,
        data: data.as_ref(),
        room: None,
    };
    let runner = homes::guarded(runner, &path.join("agents"), &known)?;
    let mut access = Vec::new();
    for bin in &agentfile.bins {
        let name = &bin.name;
        if let Some(reason) = withheld.get(&(agent.to_owned(), name.clone())) {
            access.push(BinAccess::Withheld {
                bin: name.clone(),
                reason: reason.clone(),
            });
            continue;
        }
        let wrong = |error| AgentError::Tool {
            agent: agent.to_owned(),
            bin: name.clone(),
            source: Box::new(error),
        };
        let bytes = workspace.read(&format!("usr/bin/{name}"), MAX_COMPONENT)?;
        let installed = runner
            .load(bytes.into(), &format!("BIN {name}"), None)
            .await
            .map_err(wrong)?;
        let grant = |source| {
            wrong(ToolError::Grant {
                tool: name.clone(),
                source,
            })
        };
        let decision = decisions
            .offered(offering, name, installed.manifest())
            .map_err(grant)?;
        access.push(BinAccess::Granted(Box::new(
            runner.grant(&installed, name, decision).map_err(wrong)?,
        )));
    }
    Ok(access)
}
