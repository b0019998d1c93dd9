//! Rows without effect: `[[grant]]` or `[[agent]]` names an agent or a tool that is not
//! there.

use cofferdam_agent::AgentsOnDisk;

use super::agent::{AgentRow, AgentRows};
use super::grant::{GrantRow, Grants};
use super::place::Key;

/// Says of each such row what is not there, and what is. Nothing else would tell that it grants
/// nothing.
pub(crate) fn unknown_grants(grants: &Grants, kept: &AgentsOnDisk) -> Vec<String> {
    let unknown = |(index, row): (usize, &GrantRow)| {
        let agent = &row.agent;
        let tool = &row.tool;
        let (key, what, names) = match kept.get(agent) {
            Some(bins) if bins.contains(tool) => return None,
            Some(bins) => (
                "tool",
                format!("agent `{agent}` has no BIN `{tool}`"),
                list(bins.iter()),
            ),
            None => (
                "agent",
                format!("there is no agent `{agent}`"),
                list(kept.keys()),
            ),
        };
        let place = grants.origin(Key::Row("grant", index, key));
        Some(format!(
            "{place}: [[grant]] for {tool} of {agent} grants nothing: {what}; there is {names}"
        ))
    };
    grants.rows.iter().enumerate().filter_map(unknown).collect()
}

/// Says of each `[[agent]]` for an agent that is not there which there are.
pub(crate) fn unknown_agents(agents: &AgentRows, kept: &AgentsOnDisk) -> Vec<String> {
    let unknown = |(index, row): (usize, &AgentRow)| {
        let name = &row.name;
        if kept.contains_key(name) {
            return None;
        }
        let place = agents.origin(Key::Row("agent", index, "name"));
        Some(format!(
            "{place}: [[agent]] for {name} has no effect: there is no agent `{name}`; there \
             is {}",
            list(kept.keys())
        ))
    };
    agents.rows.iter().enumerate().filter_map(unknown).collect()
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.map(String::as_str).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
