//! The reviews of tools, and the agents that have them.

use std::sync::Arc;

use cofferdam_tool::ReviewGate;

use crate::agent::Agent;
use crate::agents::Agents;

/// The reviews that the tools of all agents are held to.
pub fn reviews(agents: &Agents) -> ReviewGate {
    let builder = agents.keeper.starter.maker.builder();
    builder.runner.reviews().clone()
}

/// The agents that run, by name. One that is being made ready is not waited for.
pub fn running(agents: &Agents) -> Vec<Arc<Agent>> {
    let slots = agents.keeper.registry.all();
    slots.iter().filter_map(|slot| slot.agent()).collect()
}
