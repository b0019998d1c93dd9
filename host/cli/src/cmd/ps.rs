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
    let row = |agent: AgentEntry| {
        let status = agent.short_status_line();
        let id = agent.id.chars().take(8).collect();
        vec![agent.name, id, agent.model, status, agent.tools.join(", ")]
    };
    console::table(
        &["name", "id", "model", "status", "tools"],
        agents.into_iter().map(row).collect(),
    );
    Ok(())
}
