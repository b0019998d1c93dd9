//! The decision of the policy about a call, as a client of a running host asks for it.

use cofferdam_proto::host::tools_client::ToolsClient;
use cofferdam_proto::host::{Attribute, ExplainCallRequest, ExplainCallResponse};
use serde::Serialize;

use crate::client::{Client, to_agent};
use crate::client_error::ClientError;

/// The decision of the policy about a call that does not happen.
#[derive(Debug, Serialize)]
pub struct ExplainedCall {
    /// `allow`, `pending` or `deny`.
    pub decision: String,
    /// The policies that made it.
    pub policies: Vec<String>,
    /// The reason in words; empty where it is allowed.
    pub reason: String,
    /// The places of the request that the policies read.
    pub attributes: Vec<ReadAttribute>,
}

/// A place of the request, as a policy writes it.
#[derive(Debug, Serialize)]
pub struct ReadAttribute {
    /// The place.
    pub place: String,
    /// The value, as Cedar writes it.
    pub value: String,
}

/// Asks what the policy says of a call of an agent's model. Without `input` it is one without
/// arguments.
pub async fn explain_call(
    host: &Client,
    agent: Option<&str>,
    tool: String,
    input: Option<String>,
    session: String,
) -> Result<ExplainedCall, ClientError> {
    let request = ExplainCallRequest {
        name: tool,
        input: input.unwrap_or_default(),
        session_id: session,
    };
    let mut tools = ToolsClient::new(host.channel());
    let explained = tools.explain_call(to_agent(agent, request)?).await?;
    let ExplainCallResponse {
        decision,
        policies,
        reason,
        attributes,
    } = explained.into_inner();
    let attribute = |Attribute { place, value }| ReadAttribute { place, value };
    Ok(ExplainedCall {
        decision,
        policies,
        reason,
        attributes: attributes.into_iter().map(attribute).collect(),
    })
}
