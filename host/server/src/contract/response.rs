//! The response of tool contract v1.

use std::collections::BTreeMap;

use serde::Serialize;

use super::code::{Code, Status};
use super::echo::{Echo, Trace, VERSION};
use super::failure::Failure;

/// A response, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Response {
    tool_contract_version: &'static str,
    request_id: String,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Output>,
    usage: Usage,
    trace: Trace,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
}

/// The result of a call, before it is put into an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    /// The text of the tool, or the failure.
    pub(super) result: Result<String, Failure>,
    /// The time that the call took on the host, in milliseconds.
    pub(super) duration_ms: u64,
    /// The attempts that the host made beyond the first.
    pub(super) retries: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Output {
    result: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Usage {
    duration_ms: u64,
    attempt: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Error {
    code: &'static str,
    reason: &'static str,
    retryable: bool,
    message: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    details: BTreeMap<String, String>,
}

impl Response {
    /// The response to a request of which `echo` is repeated.
    pub(super) fn new(echo: &Echo, ended: Ended) -> Self {
        let Ended {
            result,
            duration_ms,
            retries,
        } = ended;
        let Echo {
            request_id,
            trace,
            attempt,
        } = echo.clone();
        let (status, output, error) = match result {
            Ok(result) => (Status::Ok, Some(Output { result }), None),
            Err(failure) => (failure.code.status(), None, Some(Error::of(failure))),
        };
        Self {
            tool_contract_version: VERSION,
            request_id,
            status,
            output,
            usage: Usage {
                duration_ms,
                attempt: attempt.saturating_add(retries),
            },
            trace,
            error,
        }
    }
}

impl Ended {
    /// A call that failed before anything ran.
    pub(super) fn refused(failure: Failure) -> Self {
        Self {
            result: Err(failure),
            duration_ms: 0,
            retries: 0,
        }
    }

    /// Returns true if the same request would end in the same way, or has had its effect.
    pub(super) fn is_final(&self) -> bool {
        match &self.result {
            Ok(_) => true,
            // It runs once a person has decided.
            Err(failure) if failure.code == Code::ApprovalPending => false,
            Err(failure) => !failure.retryable,
        }
    }

    /// Returns true if the host refused the call.
    pub(super) fn is_refused(&self) -> bool {
        self.result.as_ref().is_err_and(|failure| {
            let origin = failure.details.get("origin");
            failure.code == Code::PermissionDenied && origin.is_some_and(|side| side == "host")
        })
    }

    /// Bytes of its texts.
    pub(super) fn size(&self) -> usize {
        match &self.result {
            Ok(text) => text.len(),
            Err(failure) => {
                let details = failure.details.values().map(String::len);
                failure.message.len() + details.sum::<usize>()
            }
        }
    }
}

impl Error {
    fn of(failure: Failure) -> Self {
        let Failure {
            code,
            retryable,
            message,
            details,
        } = failure;
        // The contract has no error without a message.
        let message = match message.trim() {
            "" => code.reason().to_owned(),
            _ => message,
        };
        Self {
            code: code.as_str(),
            reason: code.reason(),
            retryable,
            message,
            details,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn echo() -> Echo {
        Echo {
            request_id: "r".to_owned(),
            trace: Trace {
                trace_id: "t".to_owned(),
                span_id: String::new(),
            },
            attempt: 2,
        }
    }

    #[test]
    fn a_success_has_a_result_and_no_error() {
        let ended = Ended {
            result: Ok("3 n.txt\n".to_owned()),
            duration_ms: 4,
            retries: 1,
        };
        assert!(ended.is_final());
        let expected = json!({
            "tool_contract_version": "v1", "request_id": "r", "status": "ok",
            "output": { "result": "3 n.txt\n" }, "usage": { "duration_ms": 4, "attempt": 3 },
            "trace": { "trace_id": "t" },
        });
        assert_eq!(
            serde_json::to_value(Response::new(&echo(), ended)).unwrap(),
            expected
        );
    }

    #[test]
    fn a_failure_always_says_if_it_may_be_retried_and_has_a_message() {
        let failure = Failure::new(Code::PermissionDenied, "  ").with("n", "1");
        let ended = Ended::refused(failure);
        assert!(ended.is_final());
        let expected = json!({
            "tool_contract_version": "v1", "request_id": "r", "status": "denied",
            "usage": { "duration_ms": 0, "attempt": 2 }, "trace": { "trace_id": "t" },
            "error": {
                "code": "permission_denied", "reason": "tool_permission_denied",
                "retryable": false, "message": "tool_permission_denied", "details": { "n": "1" },
            },
        });
        assert_eq!(
            serde_json::to_value(Response::new(&echo(), ended)).unwrap(),
            expected
        );
    }
}
