//! The decision about a call that does not happen, for people who write policies.

use cofferdam_call::Input;
use cofferdam_sandbox::{Allowance, Invocation};
use tokio_util::sync::CancellationToken;

use crate::chain::Chain;
use crate::decided::Explanation;
use crate::input;
use crate::origin::Origin;
use crate::policy::{self, Question};
use crate::runner::Runner;
use crate::toolbox::{Toolbox, UnknownTool};

/// The reason why nothing can be said about a call.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// There is no such tool.
    #[error(transparent)]
    Unknown(#[from] UnknownTool),
    /// The input is none for the tool, so the call would be refused before the policy is asked.
    #[error("the policy is not asked, because the call is refused before: {0}")]
    Input(String),
}

/// Decides about a call without making it. Without an input the policy is asked about a call
/// without arguments.
///
/// # Errors
///
/// If there is no such tool, or the input does not fit it.
pub fn explain(
    runner: &Runner,
    toolbox: &Toolbox,
    tool: &str,
    origin: Origin,
    input: Option<String>,
) -> Result<Explanation, ExplainError> {
    let tool = toolbox.get(tool)?;
    let allowance = Allowance::begin(tool.grant().limits(), CancellationToken::new());
    let invocation = match input {
        Some(input) => input::checked(Input::Json(input), tool, &allowance)
            .invocation
            .map_err(|refused| ExplainError::Input(refused.to_string()))?,
        None => Invocation::Typed {
            tool: tool.name().to_owned(),
            input: "{}".to_owned(),
        },
    };
    let question = Question {
        tool,
        chain: &Chain::of(tool, origin, String::new()),
        caller: None,
        invocation: &invocation,
        account: allowance.account(),
    };
    let laws = runner.laws(toolbox.narrowing());
    Ok(policy::explain(laws, question))
}
