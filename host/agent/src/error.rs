//! Reasons why an agent could not be made, or a turn not be finished.

use std::path::PathBuf;

use cofferdam_capability::{Bytes, GrantError, SystemError};
use cofferdam_store::{BeginError, FailureReason, StoreError};

use crate::agent_yaml::AgentYamlError;
use crate::counted;
use crate::deployment::DeploymentError;

/// An agent that could not be made ready or found.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The policy that an agent's author added cannot be used.
    #[error("agent {agent}: its policy cannot be used: {problem}")]
    Policy {
        /// The agent.
        agent: String,
        /// The mistake, with its place.
        problem: String,
    },
    /// The Agentfile cannot be read or is wrong.
    #[error(transparent)]
    Agentfile(#[from] cofferdam_image::agentfile::ReadError),
    /// The configuration in a tree that another program has made is wrong.
    #[error(transparent)]
    Yaml(#[from] AgentYamlError),
    /// The model it names cannot be opened.
    #[error("agent {agent}: {source}")]
    Model {
        /// The agent's name.
        agent: String,
        /// The cause.
        source: cofferdam_model::Error,
    },
    /// Neither its image nor who runs it says its name.
    #[error(
        "{image} has no NAME, as images have on which others build: give the agent one with --name"
    )]
    NoName {
        /// The image.
        image: String,
    },
    /// Neither its image nor who runs it says its model.
    #[error(
        "agent {agent}: its image has no MODEL, as images have on which others build: give it one \
         with --model PROVIDER/NAME, or as `model` in [[agent]] of cofferdam.toml"
    )]
    NoModel {
        /// The agent's name.
        agent: String,
    },
    /// Its image has no script for its model, and it was not built here.
    #[error(
        "agent {agent}: its image has no file for MODEL {model}: build the image again with the \
         file beside its Agentfile, or run another model with --model"
    )]
    NoScript {
        /// The agent's name.
        agent: String,
        /// The model.
        model: String,
    },
    /// A choice of the operator for it cannot hold.
    #[error("agent {agent}: {source}")]
    Deployment {
        /// The agent's name.
        agent: String,
        /// The cause.
        source: DeploymentError,
    },
    /// Its resolved Agentfile cannot be written into its tree.
    #[error("agent {agent}: {source}")]
    Resolved {
        /// The agent's name.
        agent: String,
        /// The cause.
        source: Box<cofferdam_image::Error>,
    },
    /// A directory that is mounted for it cannot be had.
    #[error("agent {agent}: mount {target}: {source}; put the directory back, or change the mount")]
    Mount {
        /// The agent's name.
        agent: String,
        /// The path that its tools would see.
        target: String,
        /// The cause.
        source: Box<GrantError>,
    },
    /// Settings that its Agentfile requires have no value.
    #[error(
        "agent {agent}: CONFIG {keys}: a value is required; write it into the Agentfile, as in \
         `CONFIG key=value`, or into [[agent]] of cofferdam.toml, as in `config = {{ key = \
         \"value\" }}`, or give it to `cofferdam run`, as in `--set key=value`"
    )]
    Config {
        /// The agent's name.
        agent: String,
        /// The keys.
        keys: String,
    },
    /// A tool's component cannot be found.
    #[error("agent {agent}, BIN {bin}: {problem}")]
    Bin {
        /// The agent's name.
        agent: String,
        /// The tool's name.
        bin: String,
        /// The problem, and what would be right.
        problem: String,
    },
    /// A registry, or the store of images, does not give the image of a tool.
    #[error("agent {agent}, BIN {bin}: {source}")]
    Image {
        /// The agent's name.
        agent: String,
        /// The tool's name.
        bin: String,
        /// The cause.
        source: Box<cofferdam_image::Error>,
    },
    /// A registry, or the store of images, does not give the image of an agent.
    #[error(transparent)]
    AgentImage {
        /// The cause.
        source: Box<cofferdam_image::Error>,
    },
    /// A tool cannot be made ready.
    #[error("agent {agent}, BIN {bin}: {source}")]
    Tool {
        /// The agent's name.
        agent: String,
        /// The tool's name.
        bin: String,
        /// The cause.
        source: Box<cofferdam_tool::ToolError>,
    },
    /// No agent goes by this name or id.
    #[error("there is no agent `{asked}`; {}", those(known))]
    Unknown {
        /// The name that was asked for.
        asked: String,
        /// The names of those there are.
        known: String,
    },
    /// The caller named no agent and there is not exactly one.
    #[error("{}", which(known))]
    Ambiguous {
        /// The names of those there are.
        known: String,
    },
    /// An agent that is known and could not be restored.
    #[error("agent {agent} is not running: {reason}")]
    NotRunning {
        /// The agent's name.
        agent: String,
        /// The reason why it did not start.
        reason: String,
    },
    /// Several ids begin with what was asked for.
    #[error("several ids begin with `{asked}`: name one of {known}")]
    Several {
        /// The beginning that was asked for.
        asked: String,
        /// The names and ids of those that it begins.
        known: String,
    },
    /// An agent that is not ready yet.
    #[error("agent {agent} is {state}: try again, or follow it with `cofferdam ps`")]
    NotYet {
        /// The agent's name.
        agent: String,
        /// Its state.
        state: &'static str,
    },
    /// Another agent has the name.
    #[error(
        "there is an agent `{name}` already: take another name with --name, remove it with \
         `cofferdam rm {name}`, or put this one in its place with --replace"
    )]
    Taken {
        /// The name.
        name: String,
    },
    /// The host has as many agents as it may have.
    #[error(
        "this host has {most} agents, the most there may be: remove one with `cofferdam rm`, \
             or raise `agents` in [host] of cofferdam.toml"
    )]
    TooMany {
        /// The most agents.
        most: usize,
    },
    /// A start of an agent that runs.
    #[error("agent {agent} runs already")]
    Runs {
        /// The agent's name.
        agent: String,
    },
    /// A stop of an agent that does not run.
    #[error("agent {agent} is stopped already: start it with `cofferdam start {agent}`")]
    Rests {
        /// The agent's name.
        agent: String,
    },
    /// Anything but the removal of an agent that is being removed.
    #[error("agent {agent} is being removed")]
    Goes {
        /// The agent's name.
        agent: String,
    },
    /// A removal while turns run.
    #[error(
        "agent {agent} has {} running: wait, stop it, or remove it all the same with `cofferdam rm \
         -f {agent}`",
        counted::turns(*turns)
    )]
    Works {
        /// The agent's name.
        agent: String,
        /// Turns that run.
        turns: usize,
    },
    /// Turns and calls that did not end in time.
    #[error(
        "agent {agent} still has turns or calls running {seconds} s after they were told to \
             end: try again"
    )]
    Stubborn {
        /// The agent's name.
        agent: String,
        /// The time they had.
        seconds: u64,
    },
    /// Somebody stopped or removed the agent while it was made ready.
    #[error("agent {agent} was stopped or removed while it was made ready")]
    Interrupted {
        /// The agent's name.
        agent: String,
    },
    /// It was not ready within the time that it has.
    #[error("agent {agent} was not ready within {seconds} s")]
    Slow {
        /// The agent's name.
        agent: String,
        /// The time.
        seconds: u64,
    },
    /// A task of the agent panicked.
    #[error("agent {agent} crashed: the log of the host says where")]
    Crashed {
        /// The agent's name.
        agent: String,
    },
    /// A task of the host ended before it was done.
    #[error("agent {agent}: the host failed; its log says more")]
    Lost {
        /// The agent's name.
        agent: String,
    },
    /// The name that the operator gives is none.
    #[error(transparent)]
    Name(#[from] cofferdam_image::agentfile::NameError),
    /// A file of the agent's tree cannot be read or written.
    #[error("{path}: {source}", path = path.display(), source = SystemError(source))]
    Tree {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The files of the agent have used up their room.
    #[error(
        "{path}: there is no room for {size}: the agent's files have {used}; remove some, or raise \
         workspace-bytes and workspace-entries in [[agent]] of cofferdam.toml",
        path = path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: Bytes,
        /// The room that the files have, of how much.
        used: String,
    },
    /// A directory of agents is no longer the one that was opened: what tools write there would be
    /// lost.
    #[error("{path} was removed or replaced while this host ran: what tools write there would be \
             lost", path = path.display())]
    Gone {
        /// The directory.
        path: PathBuf,
    },
    /// A session cannot be changed now.
    #[error("session `{session}`: {source}")]
    Session {
        /// The session.
        session: String,
        /// The reason.
        source: Box<TurnError>,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AgentError {
    /// The kind of the failure of an agent that fails so.
    pub(crate) fn reason(&self) -> FailureReason {
        use cofferdam_image::agentfile::ReadError;
        match self {
            Self::Image { .. } | Self::AgentImage { .. } => FailureReason::Pull,
            Self::Model { .. } => FailureReason::Model,
            // A disk that cannot be read is no mistake in what is written.
            Self::Agentfile(ReadError::Io { .. }) => FailureReason::Init,
            Self::Agentfile(_)
            | Self::Yaml(_)
            | Self::NoName { .. }
            | Self::NoModel { .. }
            | Self::NoScript { .. }
            | Self::Config { .. }
            | Self::Deployment { .. }
            | Self::Policy { .. }
            | Self::Name(_) => FailureReason::Config,
            Self::Slow { .. } => FailureReason::ReadinessTimeout,
            Self::Crashed { .. } => FailureReason::Crashed,
            Self::Bin { .. }
            | Self::Tool { .. }
            | Self::Mount { .. }
            | Self::Resolved { .. }
            | Self::Full { .. }
            | Self::Unknown { .. }
            | Self::Ambiguous { .. }
            | Self::Several { .. }
            | Self::NotRunning { .. }
            | Self::NotYet { .. }
            | Self::Taken { .. }
            | Self::TooMany { .. }
            | Self::Runs { .. }
            | Self::Rests { .. }
            | Self::Goes { .. }
            | Self::Works { .. }
            | Self::Stubborn { .. }
            | Self::Interrupted { .. }
            | Self::Lost { .. }
            | Self::Tree { .. }
            | Self::Gone { .. }
            | Self::Session { .. }
            | Self::Store(_) => FailureReason::Init,
        }
    }
}

/// The agents that there are, in words.
fn those(known: &str) -> String {
    if known.is_empty() {
        return "this host has none: make one with `cofferdam run`".to_owned();
    }
    format!("the agents are: {known}")
}

fn which(known: &str) -> String {
    if known.is_empty() {
        return "this host has no agent: make one with `cofferdam run`".to_owned();
    }
    format!(
        "which agent? Name it where the request has a place for it, in gRPC the metadata \
         `cofferdam-agent`: {known}"
    )
}

/// A turn that did not come to its end. What was said before stays in the session.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// The prompt is longer than a turn takes.
    #[error(
        "the prompt has {size} bytes: at most {max} are taken; put long text into a file in \
         /workspace"
    )]
    PromptTooLong {
        /// Its size in bytes.
        size: usize,
        /// The most that is taken, in bytes.
        max: usize,
    },
    /// The prompt is empty.
    #[error("the prompt is empty: say what the agent should do")]
    EmptyPrompt,
    /// The session id cannot be one.
    #[error("the session id has {size} bytes: at most {max} are taken")]
    SessionId {
        /// Its size in bytes.
        size: usize,
        /// The most that is taken, in bytes.
        max: usize,
    },
    /// The agent does not take turns: it was stopped, removed or has failed.
    #[error("the agent does not run: `cofferdam ps` says why, and `cofferdam start` starts it")]
    AtRest,
    /// The agent was stopped or removed while the turn ran.
    #[error("the agent does not run any more: it was stopped or removed, which ended the turn")]
    Stopped,
    /// The agent was stopped, or the host ends, while the turn waited for an approval. It goes on
    /// when the agent runs again.
    #[error("the turn waits for an approval, and goes on when the agent runs again")]
    Suspended,
    /// There is no turn that waits for a person.
    #[error("no turn of the session waits for an approval")]
    NothingWaits,
    /// A panic in this host ended the turn.
    #[error("the turn failed in the host; its log says more")]
    Crashed,
    /// As many turns of the session wait as may wait.
    #[error(
        "session `{session}` has a turn running and {waiting} that wait for it, the most there may \
         be: wait for one of them, or use another session"
    )]
    Busy {
        /// The session.
        session: String,
        /// Turns that wait.
        waiting: usize,
    },
    /// The session takes no further turn.
    #[error("session `{session}`: {source}")]
    Begin {
        /// The session.
        session: String,
        /// The reason.
        source: BeginError,
    },
    /// The model failed.
    #[error("the model failed: {0}")]
    Model(#[from] cofferdam_model::Error),
    /// The caller does not want the answer any more.
    #[error("the turn was cancelled")]
    Cancelled,
    /// The caller does not take events.
    #[error("the turn was stopped: its events were not taken for {0} s")]
    Stalled(u64),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TurnError {
    /// Returns true for a request that was refused before it began a turn: it is the client's
    /// mistake.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::PromptTooLong { .. }
            | Self::EmptyPrompt
            | Self::SessionId { .. }
            | Self::NothingWaits
            | Self::Busy { .. } => true,
            Self::Begin { source, .. } => !matches!(source, BeginError::Store(_)),
            Self::AtRest
            | Self::Stopped
            | Self::Suspended
            | Self::Crashed
            | Self::Model(_)
            | Self::Cancelled
            | Self::Stalled(_)
            | Self::Store(_) => false,
        }
    }
}
