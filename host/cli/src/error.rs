//! How a command ends when it does not do its work.

use std::process::ExitCode;

/// Why a command failed, in one sentence, and the exit code that says what kind of failure it is.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    code: u8,
}

impl Failure {
    /// The work failed (1).
    pub(crate) fn work(problem: impl ToString) -> Self {
        Self { sentence: problem.to_string(), code: 1 }
    }

    /// The command line is wrong (2).
    pub(crate) fn usage(problem: impl ToString) -> Self {
        Self { sentence: problem.to_string(), code: 2 }
    }

    /// Policy or a limit refused (3).
    pub(crate) fn denied(problem: impl ToString) -> Self {
        Self { sentence: problem.to_string(), code: 3 }
    }

    /// The sentence.
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// Says it on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.sentence.is_empty() {
            crate::console::complain(&self.sentence);
        }
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
            E::NotFound(_) | E::NotATool { .. } | E::Nameless(_) | E::Unqualified(_) | E::Reference(_) => {
                Self::usage(error)
            }
            E::TooLarge { .. } | E::Pinned { .. } => Self::denied(error),
            E::Corrupt { .. } | E::Registry { .. } | E::NotAStore(_) | E::Store { .. } | E::Busy | E::Io { .. } => {
                Self::work(error)
            }
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

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        let sentence = status.message();
        if let Some(sentence) = unanswered(&status) {
            return Self::work(sentence);
        }
        match status.code() {
            tonic::Code::PermissionDenied => Self::denied(sentence),
            tonic::Code::InvalidArgument => Self::usage(sentence),
            _ => Self::work(sentence),
        }
    }
}

/// The sentence for a status that the host did not send: this process made it, because no answer came.
fn unanswered(status: &tonic::Status) -> Option<&'static str> {
    const SILENT: &str = "the host does not answer: its process is stopped, is far too busy, or has as many clients as it \
                          takes, all of them with requests under way; look at it and its log";
    let first = std::error::Error::source(status)?;
    let mut sources = std::iter::successors(Some(first), |error| error.source());
    let silent = sources.any(|error| {
        let timed_out = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_timeout);
        timed_out || error.is::<tonic::TimeoutExpired>()
    });
    if silent {
        return Some(SILENT);
    }
    matches!(status.code(), tonic::Code::Unavailable | tonic::Code::Unknown | tonic::Code::Internal)
        .then_some("the host closed the connection before it had answered: it has ended, or was too slow to be read")
}
