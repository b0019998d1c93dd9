//! The tools of an agent, as a client of a running host sees them.

use cofferdam_proto::host::ListToolsRequest;
use serde::Serialize;

use crate::client::{Client, to_agent};
use crate::client_error::ClientError;

/// A tool of an agent.
#[derive(Debug, Serialize)]
pub struct ToolEntry {
    /// Its name.
    pub name: String,
    /// Its description, in words for a model.
    pub description: String,
}

/// The tools of an agent, by name.
pub async fn list_tools(client: &Client, agent: &str) -> Result<Vec<ToolEntry>, ClientError> {
    let request = to_agent(Some(agent), ListToolsRequest {})?;
    let mut lists = client.tools().list_tools(request).await?.into_inner();
    let list = lists.message().await?.unwrap_or_default();
    let entry = |tool: cofferdam_proto::host::Tool| ToolEntry {
        name: tool.name,
        description: tool.description,
    };
    Ok(list.tools.into_iter().map(entry).collect())
}
