//! Tools of an agent of the running host.

use std::sync::Arc;
use std::time::Duration;

use cofferdam_call::Descriptor;
use cofferdam_capability::{ToolName, ToolNameError};
use cofferdam_proto::host::tools_client::ToolsClient;
use cofferdam_proto::host::{ListToolsRequest, ListToolsResponse};
use tokio::sync::watch;
use tonic::Streaming;
use tonic::transport::Channel;

use super::call::Callee;
use super::question_seal::QuestionSeal;
use super::server::McpServer;
use super::tool_list::ToolList;
use crate::approval_client::ApprovalClient;
use crate::client::{Client, to_agent};
use crate::client_error::ClientError;
use crate::error::ServerError;
use crate::listed::Listed;

/// Time to wait before a host that has gone is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// The server of an agent's tools. It goes on when the host is started again.
pub async fn door(client: &Client, agent: String) -> Result<McpServer, ClientError> {
    let approvals = Arc::new(ApprovalClient::new(client));
    let client = client.tools();
    let mut lists = list(client.clone(), &agent).await?;
    let first = lists.message().await?.unwrap_or_default();
    let first = read_list(first).map_err(|error| ClientError::Failed(error.to_string()))?;
    let (sender, tools) = watch::channel(Arc::new(first));
    let callee = Callee::Host {
        client: client.clone(),
        agent: agent.clone(),
        approvals,
        seal: Arc::new(QuestionSeal::new(&agent)),
    };
    tokio::spawn(async move {
        loop {
            follow(&mut lists, &sender).await;
            lists = loop {
                tokio::time::sleep(AGAIN).await;
                match list(client.clone(), &agent).await {
                    Ok(lists) => break lists,
                    Err(error) => tracing::debug!("the host is asked again: {error}"),
                }
            };
        }
    });
    Ok(McpServer::new(tools, callee))
}

async fn list(
    mut client: ToolsClient<Channel>,
    agent: &str,
) -> Result<Streaming<ListToolsResponse>, ClientError> {
    Ok(client
        .list_tools(to_agent(Some(agent), ListToolsRequest {})?)
        .await?
        .into_inner())
}

/// Takes the lists that the host sends, until it says nothing any more.
async fn follow(lists: &mut Streaming<ListToolsResponse>, tools: &watch::Sender<Arc<ToolList>>) {
    while let Ok(Some(list)) = lists.message().await {
        match read_list(list) {
            Ok(new) => {
                tools.send_if_modified(|old| {
                    let changed = !new.says_the_same_as(old);
                    *old = Arc::new(new);
                    changed
                });
            }
            Err(problem) => tracing::error!("the tools stay as they were: {problem}"),
        }
    }
}

fn read_list(list: ListToolsResponse) -> Result<ToolList, ServerError> {
    let mut tools = ToolList::new();
    for tool in list.tools {
        let input_schema = serde_json::from_str(&tool.input_schema).map_err(|error| {
            ServerError::Unlisted(format!(
                "the host's schema of `{}` is not JSON: {error}",
                tool.name
            ))
        })?;
        // A host of another version says what it likes.
        let name: ToolName = tool
            .name
            .parse()
            .map_err(|error: ToolNameError| ServerError::Unlisted(error.to_string()))?;
        tools.add(Listed {
            descriptor: Descriptor {
                name,
                description: tool.description,
                input_schema,
                output_schema: serde_json::from_str(&tool.output_schema).ok(),
            },
            read_only: tool.read_only,
            open_world: tool.open_world,
        })?;
    }
    Ok(tools)
}
