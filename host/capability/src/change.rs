//! Differences between two versions of a tool or an agent, for a reviewer.

use serde::{Deserialize, Serialize};

/// One difference between two versions of a tool or an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The BIN of an agent that it is about; none for a difference of the tool or agent itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bin: Option<String>,
    /// The part of it that differs.
    pub category: Category,
    /// The direction of the difference.
    pub kind: ChangeKind,
    /// The directory, host, name or key that it is about.
    pub subject: String,
    /// The old version; none for what is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The new version; none for what is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// A call that only one of both allows, where the rows alone do not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

/// The direction of a difference. A reviewer reads them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// The new version allows a call that the old one does not, or says something else to a model.
    Widened,
    /// The new version does not allow a call that the old one allows.
    Narrowed,
    /// Both allow the same calls.
    Changed,
}

/// The part of a tool or an agent that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// A directory, or the access to it.
    Directory,
    /// A host of requests.
    Host,
    /// Methods of requests to a host.
    Method,
    /// Ports of requests to a host.
    Port,
    /// Paths of requests to a host.
    Path,
    /// A TCP connection.
    Tcp,
    /// A secret, or its use.
    Secret,
    /// An environment variable.
    Variable,
    /// Calls of another tool.
    Call,
    /// A limit.
    Limit,
    /// An interface that the component imports.
    Import,
    /// A tool that a component offers.
    Tool,
    /// The name of a tool.
    Name,
    /// The description of a tool, which a model reads.
    Description,
    /// A JSON Schema of a tool, which a model reads.
    Schema,
    /// The form in which a component is called.
    Form,
    /// The version that a manifest states.
    Version,
    /// The reason of a row.
    Reason,
    /// The header in which the host names a call.
    IdempotencyHeader,
    /// An import that stays denied.
    Unused,
    /// A tool of an agent.
    Bin,
    /// The model of an agent.
    Model,
    /// A text of an agent's prompt.
    Context,
    /// A setting of an agent.
    Setting,
    /// A file that an agent brings, policies included.
    File,
    /// A capability that an agent declares.
    Capability,
    /// A label.
    Label,
}

impl Change {
    /// A difference of this kind, without any version of it.
    pub fn new(category: Category, kind: ChangeKind, subject: impl Into<String>) -> Self {
        Self {
            bin: None,
            category,
            kind,
            subject: subject.into(),
            old: None,
            new: None,
            example: None,
        }
    }

    /// The difference between these two versions.
    #[must_use]
    pub fn between(self, old: Option<String>, new: Option<String>) -> Self {
        Self { old, new, ..self }
    }

    /// The same difference, shown by this call.
    #[must_use]
    pub fn shown_by(self, example: String) -> Self {
        Self {
            example: Some(example),
            ..self
        }
    }

    /// The same difference, of a BIN of an agent.
    #[must_use]
    pub fn of_bin(self, bin: &str) -> Self {
        Self {
            bin: Some(bin.to_owned()),
            ..self
        }
    }

    /// The power that a widened row of a manifest asks for, in a few words for a sentence.
    pub(crate) fn power(&self) -> String {
        let subject = self.subject.escape_debug();
        match self.category {
            Category::Directory => match &self.new {
                Some(access) => format!("{subject} {access}"),
                None => subject.to_string(),
            },
            Category::Host | Category::Method | Category::Port | Category::Path => {
                format!("requests to {subject}")
            }
            Category::Tcp => format!("TCP to {subject}"),
            Category::Secret => format!("the secret {subject}"),
            Category::Variable => format!("the variable {subject}"),
            Category::Call => format!("calls of {subject}"),
            Category::Limit => format!("more `{subject}`"),
            other => format!("{} {subject}", other.as_str()),
        }
    }
}

impl ChangeKind {
    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Widened => "widened",
            Self::Narrowed => "narrowed",
            Self::Changed => "changed",
        }
    }

    /// The direction of the same difference, read from the new version to the old one.
    pub(crate) fn turned(self) -> Self {
        match self {
            Self::Widened => Self::Narrowed,
            Self::Narrowed => Self::Widened,
            Self::Changed => Self::Changed,
        }
    }
}

impl Category {
    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Host => "host",
            Self::Method => "method",
            Self::Port => "port",
            Self::Path => "path",
            Self::Tcp => "tcp",
            Self::Secret => "secret",
            Self::Variable => "variable",
            Self::Call => "call",
            Self::Limit => "limit",
            Self::Import => "import",
            Self::Tool => "tool",
            Self::Name => "name",
            Self::Description => "description",
            Self::Schema => "schema",
            Self::Form => "form",
            Self::Version => "version",
            Self::Reason => "reason",
            Self::IdempotencyHeader => "idempotency-header",
            Self::Unused => "unused",
            Self::Bin => "bin",
            Self::Model => "model",
            Self::Context => "context",
            Self::Setting => "setting",
            Self::File => "file",
            Self::Capability => "capability",
            Self::Label => "label",
        }
    }
}
