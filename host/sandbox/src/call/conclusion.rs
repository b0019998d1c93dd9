//! The conclusion of a call: the end of its guest, as outcome and answer.

use cofferdam_call::{ListedTool, Outcome, Output};
use cofferdam_capability::Limits;

use super::entry::Ended;
use crate::allowance::Allowance;
use crate::bindings::exports::cofferdam::tool::tools::{Descriptor, Failure, FailureCode};
use crate::failure::{self, exited};
use crate::limiter::Limiter;

/// Returns the result of a guest, or the outcome of one that failed. A command may leave with
/// success by an error.
pub(super) fn of_guest(
    ended: wasmtime::Result<Ended>,
    limiter: &mut Limiter,
) -> Result<Ended, Outcome> {
    match ended {
        Ok(Ended::Command(Err(()))) => Err(exited(1, limiter)),
        Ok(ended) => Ok(ended),
        Err(error) => match failure::outcome(&error, limiter) {
            Outcome::Ok => Ok(Ended::Command(Ok(()))),
            outcome => Err(outcome),
        },
    }
}

/// The outcome, a typed answer if there is one, and the tools of a component that was asked for
/// them.
pub(super) struct Concluded {
    pub(super) outcome: Outcome,
    pub(super) answer: Option<Output>,
    pub(super) tools: Vec<ListedTool>,
}

impl Concluded {
    fn without_answer(outcome: Outcome) -> Self {
        Self {
            outcome,
            answer: None,
            tools: Vec::new(),
        }
    }
}

/// Concludes a call that ended, or was not begun.
pub(super) fn conclude(
    ended: Result<Ended, Outcome>,
    limits: &Limits,
    allowance: &Allowance,
) -> Concluded {
    let failed =
        |message: String| Concluded::without_answer(Outcome::GuestError { code: 1, message });
    match ended {
        Err(outcome) => Concluded::without_answer(outcome),
        Ok(Ended::Command(Ok(()))) => Concluded::without_answer(Outcome::Ok),
        Ok(Ended::Command(Err(()))) => failed(String::new()),
        Ok(Ended::Answered(Ok(answer))) => {
            match allowance.account().charge("the result", answer.len()) {
                Ok(()) => {
                    let answer = Some(Output::of(answer, limits.result.len()));
                    Concluded {
                        outcome: Outcome::Ok,
                        answer,
                        tools: Vec::new(),
                    }
                }
                Err(_) => Concluded::without_answer(Outcome::OutOfMemory),
            }
        }
        Ok(Ended::Answered(Err(Failure { code, message, .. }))) => failed(
            Output::of(
                format!("{}: {message}", code_name(code)),
                limits.stderr.len(),
            )
            .text(),
        ),
        Ok(Ended::Returned(Ok(returned))) => Concluded {
            outcome: Outcome::Ok,
            answer: Some(returned),
            tools: Vec::new(),
        },
        Ok(Ended::Returned(Err(problem))) => failed(problem.text()),
        Ok(Ended::Listed(tools)) => {
            let tools = tools.into_iter().map(listed).collect();
            Concluded {
                outcome: Outcome::Ok,
                answer: None,
                tools,
            }
        }
    }
}

fn listed(tool: Descriptor) -> ListedTool {
    let Descriptor {
        name,
        description,
        input_schema,
        output_schema,
    } = tool;
    ListedTool {
        name,
        description,
        input_schema,
        output_schema,
    }
}

fn code_name(code: FailureCode) -> &'static str {
    match code {
        FailureCode::InvalidInput => "invalid-input",
        FailureCode::NotFound => "not-found",
        FailureCode::Unavailable => "unavailable",
        FailureCode::Failed => "failed",
    }
}
