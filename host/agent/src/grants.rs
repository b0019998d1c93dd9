//! The grants of an agent's tools, without starting its host.

use cap_std::fs::Dir;
use cofferdam_call::MAX_COMPONENT;
use cofferdam_capability::Grant;
use cofferdam_image::agentfile;
use cofferdam_tool::{Runner, ToolError};

use crate::decisions::Decisions;
use crate::error::AgentError;
use crate::kept::tree_of;
use crate::workspace::Workspace;

/// Decides the grant of each BIN of an agent, in the order of its Agentfile, as the host does when it restores the agent.
/// `data` is the data directory and `path` where it lies. Nothing of a tool runs, and nothing is made in the tree.
pub async fn grants(
    data: &Dir,
    path: &std::path::Path,
    agent: &str,
    runner: &Runner,
    decisions: &Decisions,
) -> Result<Vec<Grant>, AgentError> {
    let tree = tree_of(path, agent)?;
    let workspace = Workspace::existing(data, &tree)?;
    let agentfile = agentfile::read(&tree.join("etc/Agentfile"))?;
    let mut grants = Vec::new();
    for bin in &agentfile.bins {
        let name = &bin.name;
        let wrong = |error| AgentError::Tool { agent: agent.to_owned(), bin: name.clone(), source: Box::new(error) };
        let bytes = workspace.read(&format!("usr/bin/{name}"), MAX_COMPONENT)?;
        let installed = runner.load(bytes.into(), &format!("BIN {name}"), None).await.map_err(wrong)?;
        let grant = |source| wrong(ToolError::Grant { tool: name.clone(), source });
        let decision = decisions.offered(agent, name, installed.manifest(), workspace.root()).map_err(grant)?;
        grants.push(runner.grant(&installed, name, decision).map_err(wrong)?);
    }
    Ok(grants)
}
