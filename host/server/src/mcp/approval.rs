//! Calls that a person has to approve: the person at the client is asked, where the client can ask.

use std::collections::BTreeMap;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    CallToolResult, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationSchema, InputRequest, InputRequiredResult, InputResponses, ProtocolVersion,
};
use rmcp::service::RequestContext;

use super::question_seal::{QuestionSeal, SealedCall};
use crate::approval_client::{ApprovalClient, ApprovalEntry};
use crate::client_error::ClientError;

/// The key of the question among those of a result that wants input.
const QUESTION: &str = "approval";

/// The longest time that a client of an older version has for an answer: after it the question has
/// expired.
const ANSWER: Duration = Duration::from_secs(600);

/// The one who asks for calls over this door.
const OPERATOR: &str = "operator";

/// The longest arguments of a call that is made again after an answer: nobody is asked about longer
/// ones.
pub(crate) const MAX_ARGUMENTS: usize = 64 << 10;

/// The reason why a call has no approval, in words for a model.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoApproval(pub(crate) String);

/// The way in which a client can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By a result that wants input; the client calls again with it.
    Result,
    /// By a request of the server, which older versions have.
    Request,
}

/// The way in which the client of a request can be asked, if it can.
pub(crate) fn way(context: &RequestContext<RoleServer>) -> Option<Way> {
    let elicitation = context.client_capabilities()?.elicitation?;
    // One that names no way to ask can show a form.
    if elicitation.form.is_none() && elicitation.url.is_some() {
        return None;
    }
    let version = context.protocol_version();
    if version.is_some_and(|version| version >= ProtocolVersion::V_2026_07_28) {
        Some(Way::Result)
    } else {
        Some(Way::Request)
    }
}

/// The id of the question that a call waits for, by its receipt.
pub(crate) fn pending(result: &CallToolResult) -> Option<String> {
    let receipt = result.meta.as_ref()?.0.get(super::call::RECEIPT)?;
    let outcome = receipt.get("outcome")?;
    if outcome.get("name")? != "approval-pending" {
        return None;
    }
    Some(outcome.get("approval")?.as_str()?.to_owned())
}

/// Asks by a result, with the state that the client brings back.
pub(crate) fn question(shown: &ApprovalEntry, state: String) -> InputRequiredResult {
    let request = InputRequest::Elicitation(ElicitRequest::new(form(shown)));
    let requests = BTreeMap::from([(QUESTION.to_owned(), request)]);
    InputRequiredResult::new(Some(requests), Some(state))
}

/// Asks by a request, and returns what the person at the client answers.
pub(crate) async fn ask(
    context: &RequestContext<RoleServer>,
    shown: &ApprovalEntry,
) -> Result<ElicitResult, NoApproval> {
    let asked = context
        .peer
        .create_elicitation_with_timeout(form(shown), Some(ANSWER));
    tokio::select! {
        answered = asked => answered
            .map_err(|error| NoApproval(format!("the client was not asked: {error}"))),
        () = context.ct.cancelled() => Err(NoApproval("cancelled".to_owned())),
    }
}

/// Returns the id of the question that a client carries.
///
/// # Errors
///
/// If this call has not asked it.
pub(crate) fn opened(
    seal: Option<&QuestionSeal>,
    state: &str,
    call: SealedCall<'_>,
) -> Result<String, NoApproval> {
    let opened = seal.and_then(|seal| seal.open(state, call));
    opened.ok_or_else(|| {
        NoApproval(
            "`requestState` is not about this call: call the tool without it to be asked anew"
                .to_owned(),
        )
    })
}

/// The answer that a client brings along.
pub(crate) fn answer(responses: &InputResponses) -> Result<ElicitResult, NoApproval> {
    let missing = || {
        NoApproval(format!(
            "`inputResponses` lacks `{QUESTION}`, which the last result asked for"
        ))
    };
    let response = responses.get(QUESTION).cloned().ok_or_else(missing)?;
    serde_json::from_value(response).map_err(|error| {
        NoApproval(format!(
            "`inputResponses.{QUESTION}` is no answer to a form: {error}"
        ))
    })
}

/// Decides as the person at the client has answered. Returns the approval for the call.
///
/// # Errors
///
/// In words for the model: the person did not approve the call, or it is not theirs to approve.
pub(crate) async fn decide(
    approvals: &mut ApprovalClient,
    id: &str,
    tool: &str,
    answer: &ElicitResult,
) -> Result<String, NoApproval> {
    let words = |error: ClientError| NoApproval(error.to_string());
    let shown = approvals.get(id.to_owned()).await.map_err(words)?;
    // A question of a conversation, or of another tool, was not shown here.
    if shown.principal != OPERATOR || !shown.session.is_empty() || shown.tool != tool {
        return Err(NoApproval(format!(
            "the question `{id}` is not about this call"
        )));
    }
    let approved = answer.action == ElicitationAction::Accept
        && answer
            .content
            .as_ref()
            .and_then(|content| content.get("approve"))
            .and_then(serde_json::Value::as_bool)
            .unwrap_or(false);
    let reason = "by the person at an MCP client".to_owned();
    if approved {
        let approved = approvals.approve(&shown, false, reason).await;
        return approved.map(|approved| approved.id).map_err(words);
    }
    let denied = approvals.deny(shown.id.clone(), reason).await;
    denied.map_err(words)?;
    Err(NoApproval(
        "denied: the person at the client did not approve this call".to_owned(),
    ))
}

/// The form that the person at the client sees: all that is decided about.
fn form(shown: &ApprovalEntry) -> ElicitRequestParams {
    let ApprovalEntry {
        agent,
        tool,
        effect,
        arguments,
        reason,
        ..
    } = shown;
    let message = format!(
        "May `{tool}` of agent {agent} be called? Its effect class is `{effect}`; {reason}.\n\
         Arguments: {arguments}"
    );
    let requested_schema = ElicitationSchema::builder()
        .required_bool("approve")
        .build_unchecked();
    ElicitRequestParams::FormElicitationParams {
        meta: None,
        message,
        requested_schema,
    }
}
