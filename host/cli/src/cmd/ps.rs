//! `cofferdam ps`: the agents of the host.

use std::path::Path;

use cofferdam_server::{AgentEntry, AgentList};

use crate::args::Listing;
use crate::connect::connect;
use crate::console::{self, Format};
use crate::error::Failure;

pub(crate) async fn run(listing: &Listing, data: &Path) -> Result<(), Failure> {
    let AgentList { agents, ending } = connect(data).await?.agents().await?;
    if let Some(running) = ending {
        console::note(&format!(
            "the host is ending: it waits for {}, and takes no new ones",
            cofferdam_agent::turns_and_calls(usize::try_from(running).unwrap_or(usize::MAX))
        ));
    }
    if listing.format == Format::Json {
        return console::json(&agents);
    }
    // Few hosts have agents with an address of their own.
    let has_addresses = agents.iter().any(|agent| !agent.address.is_empty());
    let row = |agent: AgentEntry| {
        let status = agent.short_status_line();
        let id = agent.id.chars().take(8).collect();
        let address = address(&agent);
        let mut row = vec![agent.name, id, agent.model, status, agent.tools.join(", ")];
        row.extend(address.filter(|_| has_addresses));
        row
    };
    let mut header = vec!["name", "id", "model", "status", "tools"];
    header.extend(has_addresses.then_some("address (no token)"));
    console::table(&header, agents.into_iter().map(row).collect());
    Ok(())
}

/// The address of an agent, with the reason why nobody listens there.
fn address(agent: &AgentEntry) -> Option<String> {
    let AgentEntry {
        address,
        address_problem,
        ..
    } = agent;
    Some(match address_problem.as_str() {
        "" => address.clone(),
        problem => format!("{address}: not open, {problem}"),
    })
}
