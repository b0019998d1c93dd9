//! A call that a request asks for, found and checked as far as its tool is not needed.

use std::sync::Arc;

use cofferdam_agent::Agent;
use cofferdam_capability::Digest;
use cofferdam_tool::{AttemptWishes, Tool};

use super::code::Code;
use super::failure::Failure;
use super::input;
use super::outcome;
use super::request::{Auth, INVOKE, Request};
use super::wishes;

/// A call that is ready to run.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) agent: Arc<Agent>,
    pub(super) tool: Arc<Tool>,
    pub(super) input: String,
    pub(super) attempts: AttemptWishes,
    /// The approval that the call brings.
    pub(super) approval: Option<String>,
}

impl Prepared {
    /// The call of a tool of `agent`. `idempotency_key` stands for the request toward other
    /// servers.
    pub(super) fn new(
        agent: Arc<Agent>,
        request: Request,
        idempotency_key: String,
    ) -> Result<Self, Failure> {
        let found = agent.toolbox().get(&request.tool);
        let tool = found.map_err(|unknown| {
            outcome::unknown_tool(&request.tool, format!("agent {}: {unknown}", agent.name()))
        })?;
        let tool = Arc::clone(tool);
        if request.operation != INVOKE {
            let message = format!(
                "tool `{}` has no operation `{}`: its only one is `{INVOKE}`",
                tool.name(),
                request.operation
            );
            let failure = Failure::new(Code::UnsupportedTool, message);
            return Err(failure
                .with("tool", tool.name())
                .with("operation", request.operation));
        }
        check_secret(&request.auth, &tool)?;
        let attempts = AttemptWishes {
            idempotency_key: Some(idempotency_key),
            ..wishes::of(&request.runtime)?
        };
        let input = input::of(request.input, &tool);
        Ok(Self {
            agent,
            tool,
            input,
            attempts,
            approval: None,
        })
    }

    /// The tool and the input, in a few bytes.
    pub(super) fn content(&self) -> Digest {
        Digest::of(&[self.tool.name().as_bytes(), b"\0", self.input.as_bytes()].concat())
    }
}

/// Checks that the tool is granted the secret that the caller names. The operator decides which
/// secrets a tool has; naming one gives nothing.
fn check_secret(auth: &Auth, tool: &Tool) -> Result<(), Failure> {
    let asked = &auth.secret_ref;
    let mut granted = tool.grant().secrets().iter();
    if asked.is_empty() || granted.any(|rule| rule.name().as_str() == asked) {
        return Ok(());
    }
    let message = format!(
        "tool `{}` is granted no secret `{asked}`: the operator grants it, or `auth.secret_ref` is \
         left out",
        tool.name()
    );
    let failure = Failure::new(Code::SecretResolutionFailed, message);
    Err(failure.with("tool", tool.name()).with("secret_ref", asked))
}
