//! The end of a command that does not do its work.

use std::process::ExitCode;

use cofferdam_server::{ClientError, ServerError};

/// The reason why a command failed, in one sentence, and the exit code that says what kind of
/// failure it is.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    code: u8,
}

impl Failure {
    /// The work failed (1).
    pub(crate) fn work(problem: impl ToString) -> Self {
        Self {
            sentence: problem.to_string(),
            code: 1,
        }
    }

    /// The command line is wrong (2).
    pub(crate) fn usage(problem: impl ToString) -> Self {
        Self {
            sentence: problem.to_string(),
            code: 2,
        }
    }

    /// Policy or a limit refused (3).
    pub(crate) fn denied(problem: impl ToString) -> Self {
        Self {
            sentence: problem.to_string(),
            code: 3,
        }
    }

    /// The sentence.
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Failure {}

impl From<cofferdam_image::Error> for Failure {
    fn from(error: cofferdam_image::Error) -> Self {
        use cofferdam_image::Error as E;
        match &error {
            E::NotFound(_)
            | E::NotATool { .. }
            | E::Nameless(_)
            | E::Unqualified(_)
            | E::Reference(_) => Self::usage(error),
            E::TooLarge { .. } | E::Pinned { .. } => Self::denied(error),
            E::Corrupt { .. }
            | E::Registry { .. }
            | E::NotAStore(_)
            | E::Store { .. }
            | E::Busy
            | E::Io { .. } => Self::work(error),
        }
    }
}

impl From<cofferdam_workbench::Error> for Failure {
    fn from(error: cofferdam_workbench::Error) -> Self {
        use cofferdam_workbench::Error as E;
        match error {
            E::Usage(sentence) => Self::usage(sentence),
            E::Work(sentence) => Self::work(sentence),
            // The sandbox is made by this crate, so the error is one of its own.
            E::Sandbox(error) => error.downcast().map_or_else(Self::work, |failure| *failure),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Denied(sentence) => Self::denied(sentence),
            ClientError::Invalid(sentence) => Self::usage(sentence),
            ClientError::Failed(_) | ClientError::Unreached => Self::work(error),
        }
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        use ServerError as E;
        match error {
            E::NotLoopback(_) => Self::usage(format!("--listen {error}")),
            E::PortInUse(_) | E::Tcp { .. } => Self::work(format!("--listen {error}")),
            E::SocketPath { .. } | E::Unlisted(_) => Self::usage(error),
            E::Socket { .. }
            | E::Reflection(_)
            | E::Task(_)
            | E::NoInitialize
            | E::Initialize(_) => Self::work(error),
        }
    }
}
