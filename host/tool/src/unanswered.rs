//! The result that a guest gets for a call that it made.

use cofferdam_call::{Outcome, Report};
use cofferdam_sandbox::Unanswered;
use serde_json::json;

use crate::tool::Tool;

/// The answer for the calling guest: JSON, whatever the shape of the called tool.
pub(crate) fn answer(report: &Report, tool: &Tool) -> Result<String, Unanswered> {
    let Report {
        stdout,
        stderr,
        receipt,
    } = report;
    match &receipt.outcome {
        Outcome::Ok if tool.is_command() => {
            Ok(json!({ "stdout": stdout.text(), "stderr": stderr.text() }).to_string())
        }
        Outcome::Ok if tool.is_module() => Ok(json!(stdout.text()).to_string()),
        Outcome::Ok => match stdout.marker() {
            None => Ok(stdout.text()),
            // Half of a JSON text is none.
            Some(marker) => Err(unanswered(Outcome::GuestError {
                code: 1,
                message: marker,
            })),
        },
        failed => {
            let mut unanswered = unanswered(failed.clone());
            if !stderr.bytes().is_empty() {
                unanswered.message =
                    format!("{}\n{}", unanswered.message, stderr.text().trim_end());
            }
            Err(unanswered)
        }
    }
}

/// A call that ended in this way, with a sentence for the guest that made it.
pub(crate) fn unanswered(outcome: Outcome) -> Unanswered {
    let message = match &outcome {
        Outcome::GuestError { message, .. }
        | Outcome::Trap { message }
        | Outcome::HostFault { message }
            if !message.is_empty() =>
        {
            message.clone()
        }
        Outcome::Denied { reason }
        | Outcome::ApprovalPending { reason, .. }
        | Outcome::SecretUnavailable { reason, .. } => reason.clone(),
        other => other.to_string(),
    };
    Unanswered { outcome, message }
}
