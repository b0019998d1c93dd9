//! `cofferdam ps`: the agents of the host.

use std::path::Path;

use cofferdam_proto::host::{ListAgentsRequest, ListAgentsResponse};
use serde_json::json;

use crate::arguments::Listing;
use crate::client;
use crate::console::{self, Format};
use crate::error::Failure;

pub(crate) async fn run(listing: &Listing, data: &Path) -> Result<(), Failure> {
    let response = client::agents(data).await?.list_agents(ListAgentsRequest {}).await?;
    let ListAgentsResponse { agents, ending, running } = response.into_inner();
    if ending {
        console::note(&format!("the host is ending: it waits for {running} turns and calls, and takes no new ones"));
    }
    if listing.format == Format::Json {
        let agents: Vec<_> = agents
            .iter()
            .map(|agent| {
                json!({
                    "id": agent.id, "name": agent.name, "model": agent.model, "status": agent.status,
                    "failure_reason": agent.failure_reason, "tools": agent.tools, "created_at": agent.created_at,
                })
            })
            .collect();
        return console::json(&agents);
    }
    let row = |agent: cofferdam_proto::host::Agent| {
        let status = match agent.failure_reason.as_str() {
            "" => agent.status,
            reason => format!("{}: {reason}", agent.status),
        };
        let id = agent.id.chars().take(8).collect();
        vec![agent.name, id, agent.model, status, agent.tools.join(", ")]
    };
    console::table(&["name", "id", "model", "status", "tools"], agents.into_iter().map(row).collect());
    Ok(())
}
