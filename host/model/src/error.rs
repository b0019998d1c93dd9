//! Reasons why a model cannot be opened or did not answer.

/// The error of this crate. Its text is what the caller may know: it never holds a key, a header or
/// an address.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not the name of a model.
    #[error(
        "{value:?} is not a model: write provider/name, for example anthropic/claude-sonnet-4-5, \
         with at most 256 bytes"
    )]
    Name {
        /// The text as written, cut to a printable length.
        value: String,
    },

    /// A provider that is not in the table and has no address either.
    #[error(
        "no model provider is called {provider}: there are {known}; any other that speaks OpenAI's \
         protocol needs its address in {variable}"
    )]
    UnknownProvider {
        /// The text before the slash.
        provider: String,
        /// The variable that would make it an OpenAI-compatible provider.
        variable: String,
        /// The providers there are.
        known: String,
    },

    /// Neither the operator's file nor the environment says how to ask this provider.
    #[error("provider {provider:?} not configured in {path}: {hint}")]
    NotConfigured {
        /// The provider.
        provider: String,
        /// The path of the operator's file.
        path: String,
        /// The end of the sentence: how it would be.
        hint: String,
    },

    /// The operator limits this provider to other models.
    #[error("model {model:?} not available for provider {provider:?} (available: {available})")]
    NotAvailable {
        /// The model, as the provider calls it.
        model: String,
        /// The provider.
        provider: String,
        /// The models that are, separated by commas.
        available: String,
    },

    /// The operator's file of providers is wrong.
    #[error("{place}: {problem}")]
    Providers {
        /// The path, and the line where it is known.
        place: String,
        /// The problem, without repeating a value.
        problem: String,
    },

    /// A provider that is asked for the list of its models has none to give.
    #[error("{provider} does not list its models: name one with --model")]
    NoList {
        /// The provider.
        provider: String,
    },

    /// One of our own providers does not have this model.
    #[error("{provider} has no model {name}: there is {known}")]
    UnknownModel {
        /// The provider, for example `builtin`.
        provider: &'static str,
        /// The text after the slash.
        name: String,
        /// The models it has.
        known: &'static str,
    },

    /// The provider wants a key and none is configured.
    #[error("{provider} needs an API key: set {variable}")]
    MissingKey {
        /// The provider.
        provider: String,
        /// The variable that holds the key.
        variable: String,
    },

    /// The provider's address differs for every customer and is not configured.
    #[error(
        "{provider} needs the address of your own service: set {variable}, for example to {example}"
    )]
    MissingBase {
        /// The provider.
        provider: String,
        /// The variable that holds the address.
        variable: String,
        /// An example of an address.
        example: &'static str,
    },

    /// The configured address is unusable.
    #[error("{variable} is not a usable address: {problem}")]
    BadBase {
        /// The variable it comes from.
        variable: String,
        /// The problem, without repeating the value.
        problem: &'static str,
    },

    /// A script cannot be read at all.
    #[error("script {file} {problem}")]
    ScriptFile {
        /// As written after `script/`.
        file: String,
        /// The problem, as the rest of the sentence.
        problem: String,
    },

    /// A line of a script is wrong.
    #[error("script {file}, line {line}: {problem}")]
    Script {
        /// As written after `script/`.
        file: String,
        /// Counted from 1, comments and blank lines included.
        line: usize,
        /// The problem.
        problem: String,
    },

    /// The conversation went on for longer than the script.
    #[error("script {file} has ended: it holds {turns} turns, and one more was asked for")]
    ScriptEnded {
        /// As written after `script/`.
        file: String,
        /// Number of turns it holds.
        turns: usize,
    },

    /// The provider cannot be asked for something that the agent's settings choose.
    #[error("{provider} cannot be asked for `{setting}`{instead}: leave the setting out")]
    Sampling {
        /// The provider.
        provider: String,
        /// The key of the setting.
        setting: &'static str,
        /// The rest of the sentence where there is a value that it can be asked for.
        instead: &'static str,
    },

    /// The vendor, or the way to it, failed.
    #[error("{provider} {message}")]
    Vendor {
        /// The provider.
        provider: String,
        /// The failure, as the rest of the sentence.
        message: String,
        /// The kind of the failure. The retries of this crate are already used up.
        kind: FailureKind,
    },
}

/// The kinds of failures of a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It was asked too often, or a quota is used up. The same request may succeed later.
    RateLimited,
    /// It cannot be reached, is overloaded, or broke off. The same request may succeed later.
    Unavailable,
    /// The conversation is longer than the model reads.
    TooLong,
    /// The key is wrong, or does not allow this.
    Auth,
    /// It does not take this request.
    Invalid,
    /// The answer is not in its protocol, or larger than an answer may be.
    Answer,
}

impl FailureKind {
    /// Its name, as it is counted.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RateLimited => "rate-limited",
            Self::Unavailable => "unavailable",
            Self::TooLong => "too-long",
            Self::Auth => "auth",
            Self::Invalid => "invalid",
            Self::Answer => "answer",
        }
    }

    /// Returns true for a failure that may be over when the request is sent again.
    pub(crate) fn may_pass(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable)
    }
}

impl Error {
    /// Returns true for a failure that may be over when the request is sent again.
    pub fn is_retryable(&self) -> bool {
        self.failure().is_some_and(FailureKind::may_pass)
    }

    /// Returns the kind of a vendor's failure.
    pub fn failure(&self) -> Option<FailureKind> {
        if let Self::Vendor { kind, .. } = self {
            Some(*kind)
        } else {
            None
        }
    }
}
