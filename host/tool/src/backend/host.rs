//! In the host itself, within the time of the call.

use cofferdam_call::{Outcome, Output, Report};
use cofferdam_capability::Grant;
use cofferdam_sandbox::{Allowance, Called, Invocation};

use crate::host_tool::{HostTool, HostToolError};

/// The message for a caller when the host is at fault; the log has the rest.
const FAULT: &str = "the host failed in the call; its log says more";

pub(super) async fn call(
    tool: &dyn HostTool,
    grant: &Grant,
    invocation: Invocation,
    allowance: &Allowance,
) -> Called {
    let fault = || Outcome::HostFault {
        message: FAULT.to_owned(),
    };
    let mut text = String::new();
    let outcome = match input(&invocation) {
        None => fault(),
        Some(input) => match allowance.within(tool.call(input)).await {
            Ok(Ok(answer)) => {
                text = answer;
                Outcome::Ok
            }
            Ok(Err(HostToolError::Refused(message))) => Outcome::GuestError { code: 1, message },
            Ok(Err(HostToolError::Failed(problem))) => {
                tracing::error!("{}: {problem}", grant.tool());
                fault()
            }
            Err(ended) => ended,
        },
    };
    let limit = usize::try_from(grant.limits().result.0).unwrap_or(usize::MAX);
    let mut receipt = allowance.receipt(grant, outcome);
    receipt.stdout_bytes = text.len() as u64;
    Called {
        report: Report {
            stdout: Output::of(text, limit),
            ..Report::silent(receipt)
        },
        tools: Vec::new(),
    }
}

/// The input, as it was checked.
fn input(invocation: &Invocation) -> Option<serde_json::Value> {
    match invocation {
        Invocation::Typed { input, .. } => serde_json::from_str(input).ok(),
        _ => None,
    }
}
