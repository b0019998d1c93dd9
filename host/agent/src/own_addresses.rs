//! Addresses of their own that agents are to have, where older clients dial one agent.

use crate::agents::Agents;
use crate::slot::OwnAddress;

/// The addresses of all agents that are to have one.
pub fn own_addresses(agents: &Agents) -> Vec<OwnAddress> {
    let slots = agents.keeper.registry.all();
    slots.iter().filter_map(|slot| slot.own_address()).collect()
}
