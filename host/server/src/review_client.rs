//! The other end of `cofferdam.v1.Reviews`, for what a running host alone knows. Decisions are in
//! files, which commands read themselves.

use cofferdam_proto::host::reviews_client::ReviewsClient;
use cofferdam_proto::host::{ListReviewedToolsRequest, ReviewedTool};
use serde::Serialize;

use crate::client::Client;
use crate::client_error::ClientError;

/// The tools of agents that run, and the reviews that they need.
#[derive(Debug, Default, Serialize)]
pub struct ReviewedTools {
    /// `none`, `required` or `by-digest`.
    pub rule: String,
    /// By agent and name.
    pub tools: Vec<ReviewedToolEntry>,
}

/// A tool of an agent, reviewed or not.
#[derive(Debug, Serialize)]
pub struct ReviewedToolEntry {
    /// The name of the agent.
    pub agent: String,
    /// The name by which the agent calls the tool.
    pub tool: String,
    /// The name in its manifest; empty for a tool of the host itself.
    pub name: String,
    /// The digest of the component.
    pub component: String,
    /// The digest of the grant.
    pub grant: String,
    /// The standing in one word.
    pub standing: String,
    /// The standing as the end of a sentence about the tool.
    pub standing_reason: String,
    /// The id of the decision that it comes from; empty for none.
    pub decision: String,
    /// The name of the reviewer who approves of it or rejects it.
    pub reviewer: String,
    /// The reason why each call is refused; empty where calls are let through.
    pub refusal: String,
}

/// The tools of one agent, by its name or id.
pub async fn reviewed_tools(client: &Client, agent: String) -> Result<ReviewedTools, ClientError> {
    let mut host = ReviewsClient::new(client.channel());
    let request = ListReviewedToolsRequest { agent };
    let mut pages = host.list_reviewed_tools(request).await?.into_inner();
    let mut listed = ReviewedTools::default();
    while let Some(page) = pages.message().await? {
        listed.rule = page.rule;
        let entries = page.tools.into_iter().map(ReviewedToolEntry::from);
        listed.tools.extend(entries);
    }
    Ok(listed)
}

impl From<ReviewedTool> for ReviewedToolEntry {
    fn from(told: ReviewedTool) -> Self {
        let ReviewedTool {
            agent,
            tool,
            name,
            component,
            grant,
            standing,
            standing_reason,
            decision,
            reviewer,
            refusal,
        } = told;
        Self {
            agent,
            tool,
            name,
            component,
            grant,
            standing,
            standing_reason,
            decision,
            reviewer,
            refusal,
        }
    }
}
