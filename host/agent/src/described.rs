//! An agent as `inspect` shows it: with the operator's choices that hold for it now.

use crate::agents::Agents;
use crate::error::AgentError;
use crate::slot::Summary;

/// An agent whether it runs or not, with the operator's choices as they hold now: those of the
/// operator's file, and beside them those with which the agent was created.
pub fn described(agents: &Agents, asked: Option<&str>) -> Result<Summary, AgentError> {
    let summary = agents.summary(asked)?;
    let builder = agents.keeper.starter.maker.builder();
    let deployment = builder
        .decisions
        .in_force(&summary.name, &summary.deployment);
    let deployment = deployment.map_err(|source| AgentError::Deployment {
        agent: summary.name.clone(),
        source,
    })?;
    Ok(Summary {
        deployment,
        ..summary
    })
}
