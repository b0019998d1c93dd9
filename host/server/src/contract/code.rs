//! The codes of failures: for each its reason, its status, and whether another attempt may help.

use serde::Serialize;

/// The codes that a tool may give.
const GUESTS: [Code; 5] = [
    Code::InvalidInput,
    Code::UnsupportedTool,
    Code::AuthInvalid,
    Code::AuthForbidden,
    Code::ExecutionFailed,
];

/// A code of tool contract v1. Closed: what a tool says about itself never becomes another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// The envelope, or the input of the tool in it.
    InvalidInput,
    /// The agent has no such tool, or the tool has no such operation.
    UnsupportedTool,
    /// A setting of the tool or of the call cannot hold.
    RuntimePolicyInvalid,
    /// The isolation that the caller wants, or the agent that has the tool, is not there.
    IsolationUnavailable,
    /// The host's policy, or one of its limits on inputs, refused the call.
    PermissionDenied,
    /// A person has to approve the call before it happens, and was asked.
    ApprovalPending,
    /// The tool does not get the secret that the caller names, or one that it needs.
    SecretResolutionFailed,
    /// The time of the call was over.
    Timeout,
    /// The caller, or the end of the host, ended the call.
    Canceled,
    /// The tool was not let in by a server that it asked.
    AuthInvalid,
    /// A server that the tool asked does not let it do this.
    AuthForbidden,
    /// Everything else.
    ExecutionFailed,
}

/// The end of a call, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// The tool did its work.
    Ok,
    /// The call failed.
    Error,
    /// The call was refused.
    Denied,
}

impl Status {
    /// Its spelling.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Denied => "denied",
        }
    }
}

impl Code {
    /// Its spelling.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::UnsupportedTool => "unsupported_tool",
            Self::RuntimePolicyInvalid => "runtime_policy_invalid",
            Self::IsolationUnavailable => "isolation_unavailable",
            Self::PermissionDenied => "permission_denied",
            Self::ApprovalPending => "approval_pending",
            Self::SecretResolutionFailed => "secret_resolution_failed",
            Self::Timeout => "timeout",
            Self::Canceled => "canceled",
            Self::AuthInvalid => "auth_invalid",
            Self::AuthForbidden => "auth_forbidden",
            Self::ExecutionFailed => "execution_failed",
        }
    }

    /// The code of this spelling, if a tool may give it: those about its own work, and none that
    /// says what the host decided.
    pub(super) fn of_guest(code: &str) -> Option<Self> {
        GUESTS.into_iter().find(|own| own.as_str() == code)
    }

    /// The reason that goes with it.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::InvalidInput => "tool_invalid_input",
            Self::UnsupportedTool => "tool_unsupported",
            Self::RuntimePolicyInvalid => "tool_runtime_policy_invalid",
            Self::IsolationUnavailable => "tool_isolation_unavailable",
            Self::PermissionDenied => "tool_permission_denied",
            Self::ApprovalPending => "tool_approval_pending",
            Self::SecretResolutionFailed => "tool_secret_resolution_failed",
            Self::Timeout => "tool_execution_timeout",
            Self::Canceled => "tool_execution_canceled",
            Self::AuthInvalid => "tool_auth_invalid",
            Self::AuthForbidden => "tool_auth_forbidden",
            Self::ExecutionFailed => "tool_backend_failure",
        }
    }

    /// Returns true if another attempt may help, unless something says otherwise.
    pub(super) fn is_retryable(self) -> bool {
        match self {
            Self::Timeout | Self::ExecutionFailed => true,
            Self::InvalidInput
            | Self::UnsupportedTool
            | Self::RuntimePolicyInvalid
            | Self::IsolationUnavailable
            | Self::PermissionDenied
            | Self::ApprovalPending
            | Self::SecretResolutionFailed
            | Self::AuthInvalid
            | Self::AuthForbidden
            | Self::Canceled => false,
        }
    }

    /// The status of a response with it.
    pub(super) fn status(self) -> Status {
        match self {
            Self::PermissionDenied => Status::Denied,
            _ => Status::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_reason_and_the_retryability_of_the_contract() {
        let table = [
            (Code::InvalidInput, "invalid_input tool_invalid_input no"),
            (
                Code::UnsupportedTool,
                "unsupported_tool tool_unsupported no",
            ),
            (
                Code::RuntimePolicyInvalid,
                "runtime_policy_invalid tool_runtime_policy_invalid no",
            ),
            (
                Code::IsolationUnavailable,
                "isolation_unavailable tool_isolation_unavailable no",
            ),
            (
                Code::PermissionDenied,
                "permission_denied tool_permission_denied no",
            ),
            (
                Code::ApprovalPending,
                "approval_pending tool_approval_pending no",
            ),
            (
                Code::SecretResolutionFailed,
                "secret_resolution_failed tool_secret_resolution_failed no",
            ),
            (Code::Timeout, "timeout tool_execution_timeout yes"),
            (Code::Canceled, "canceled tool_execution_canceled no"),
            (Code::AuthInvalid, "auth_invalid tool_auth_invalid no"),
            (Code::AuthForbidden, "auth_forbidden tool_auth_forbidden no"),
            (
                Code::ExecutionFailed,
                "execution_failed tool_backend_failure yes",
            ),
        ];
        for (code, row) in table {
            let retryable = if code.is_retryable() { "yes" } else { "no" };
            let told = format!("{} {} {retryable}", code.as_str(), code.reason());
            assert_eq!(told, row);
            let denied = code == Code::PermissionDenied;
            assert_eq!(code.status() == Status::Denied, denied, "{row}");
            let is_guests = GUESTS.contains(&code).then_some(code);
            assert_eq!(Code::of_guest(code.as_str()), is_guests, "{row}");
        }
    }
}
