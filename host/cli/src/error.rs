//! The end of a command that does not do its work.

use std::error::Error;
use std::process::ExitCode;

use cofferdam_agent::AgentError;
use cofferdam_image::agentfile::{AgentfileError, ReadError};
use cofferdam_server::{ClientError, ServerError};

/// The exit codes of every command, for its help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the work failed; of `tool run` also: the tool says that it failed
  2    the command line, or a file that it names, is wrong
  3    refused by policy, a limit or the schema of a tool's input; of `review diff`: something is
       widened
  130  interrupted with Ctrl-C; `serve` and `mcp` then end in order, with 0";

/// The reason why a command failed: its kind, its source, and what the user can do.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: FailureKind,
    source: Box<dyn Error + Send + Sync>,
    hints: Vec<String>,
    /// Lines of a program that was started, which say what went wrong in it.
    words: String,
}

/// The kind of a failure. Its number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum FailureKind {
    /// The work failed.
    Work = 1,
    /// The command line, or a file that it names, is wrong.
    Usage = 2,
    /// Policy or a limit refused.
    Denied = 3,
    /// Somebody interrupted it: 128 and the number of SIGINT, as shells have it.
    Interrupted = 130,
}

impl Failure {
    /// The work failed (1).
    pub(crate) fn work(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FailureKind::Work, source.into())
    }

    /// The command line, or a file that it names, is wrong (2).
    pub(crate) fn usage(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FailureKind::Usage, source.into())
    }

    /// Policy or a limit refused (3).
    pub(crate) fn denied(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FailureKind::Denied, source.into())
    }

    /// Somebody interrupted it with Ctrl-C (130).
    pub(crate) fn interrupted(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FailureKind::Interrupted, source.into())
    }

    fn new(kind: FailureKind, source: Box<dyn Error + Send + Sync>) -> Self {
        Self {
            kind,
            source,
            hints: Vec::new(),
            words: String::new(),
        }
    }

    /// Adds what the user can do next, as the end of a sentence: `start one with …`.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Lines of a program that was started, to be read before the sentence.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// The mistakes of an Agentfile, each of which is a sentence with its place.
    pub(crate) fn mistakes(&self) -> Option<&AgentfileError> {
        if let Some(mistakes) = self.source.downcast_ref() {
            return Some(mistakes);
        }
        let read = match self.source.downcast_ref() {
            Some(cofferdam_image::Error::Agentfile(read)) => Some(&**read),
            _ => self.source.downcast_ref(),
        };
        match (read, self.source.downcast_ref()) {
            (Some(ReadError::Agentfile(mistakes)), _)
            | (_, Some(AgentError::Agentfile(ReadError::Agentfile(mistakes)))) => Some(mistakes),
            _ => None,
        }
    }

    /// The sentence for the user: the source, the causes that it does not tell itself, and the
    /// hints.
    pub(crate) fn sentence(&self) -> String {
        let mut sentence = self.source.to_string();
        let mut cause = self.source.source();
        while let Some(error) = cause {
            let told = error.to_string();
            if !sentence.contains(&told) {
                sentence = format!("{sentence}: {told}");
            }
            cause = error.source();
        }
        for hint in &self.hints {
            sentence = format!("{sentence}; {hint}");
        }
        sentence
    }

    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence())
    }
}

impl Error for Failure {}

impl From<cofferdam_image::Error> for Failure {
    fn from(error: cofferdam_image::Error) -> Self {
        Self::new(FailureKind::of_image(&error), error.into())
    }
}

impl FailureKind {
    /// The kind of a failure with an image.
    fn of_image(error: &cofferdam_image::Error) -> Self {
        use cofferdam_image::Error as E;
        match error {
            E::NotFound(_)
            | E::NotATool { .. }
            | E::NotAnAgent { .. }
            | E::Nameless(_)
            | E::Unqualified(_)
            | E::Untagged(_)
            | E::Unnamed
            | E::Local { .. }
            | E::Agentfile(_)
            | E::Reference(_) => Self::Usage,
            E::Bin { source, .. } => Self::of_image(source),
            E::TooLarge { .. } | E::Pinned { .. } | E::Unsigned { .. } => Self::Denied,
            E::Corrupt { .. }
            | E::Registry { .. }
            | E::NotAStore(_)
            | E::Store { .. }
            | E::Busy
            | E::Io { .. } => Self::Work,
        }
    }
}

impl From<cofferdam_workbench::Error> for Failure {
    fn from(error: cofferdam_workbench::Error) -> Self {
        use cofferdam_workbench::Error as E;
        match error {
            E::Usage(sentence) => Self::usage(sentence),
            E::Work(sentence) => Self::work(sentence),
            E::Toolchain { sentence, words } => Self {
                words,
                ..Self::work(sentence)
            },
            // The sandbox is made by this crate, so the error is one of its own.
            E::Sandbox(error) => error.downcast().map_or_else(Self::work, |failure| *failure),
        }
    }
}

impl From<cofferdam_model::Error> for Failure {
    fn from(error: cofferdam_model::Error) -> Self {
        use cofferdam_model::Error as E;
        match error {
            E::Vendor { .. } | E::ScriptEnded { .. } => Self::work(error),
            E::Name { .. }
            | E::UnknownProvider { .. }
            | E::NotConfigured { .. }
            | E::NotAvailable { .. }
            | E::Providers { .. }
            | E::NoList { .. }
            | E::UnknownModel { .. }
            | E::MissingKey { .. }
            | E::MissingBase { .. }
            | E::BadBase { .. }
            | E::ScriptFile { .. }
            | E::Sampling { .. }
            | E::Script { .. } => Self::usage(error),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Denied(sentence) => Self::denied(sentence),
            ClientError::Invalid(sentence) => Self::usage(sentence),
            ClientError::AgentNotNamed(_) => Self::usage(error),
            ClientError::Failed(_) | ClientError::Unreached => Self::work(error),
        }
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        use ServerError as E;
        match error {
            E::NotLoopback(_) => Self::usage(format!("--listen {error}"))
                .hint("`serve` takes another one with [tls] in cofferdam.toml"),
            E::PortInUse(_) | E::Tcp { .. } => Self::work(format!("--listen {error}")),
            E::SocketPath { .. } | E::Unlisted(_) => Self::usage(error),
            E::Socket { .. }
            | E::Inherited { .. }
            | E::Reflection(_)
            | E::Tokens(_)
            | E::Task(_)
            | E::NoInitialize
            | E::Initialize(_) => Self::work(error),
        }
    }
}
