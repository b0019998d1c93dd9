//! The only way to run a tool, and the only crate that calls the sandbox.
//!
//! A [`Runner`] loads components and offers each as one or several [`Tool`]s under a grant; a
//! [`Toolbox`] holds those of one agent. A [`Request`] names one of them, and `dispatch` takes it
//! all the way: input checked against the schema, permit of the policy, sandbox, secrets taken out,
//! record. Only a permit reaches the backend.

mod adapt;
mod answer;
mod approval;
mod arguments;
mod attempts;
mod backend;
mod chain;
mod checks;
mod compiler;
mod config;
mod content;
mod decided;
mod describe;
mod descriptor_error;
mod descriptors;
mod dispatch;
mod effect;
mod embed;
mod error;
mod executor;
mod explain;
mod file_lock;
mod file_print;
mod histogram;
mod host_tool;
mod hosted;
mod imports;
mod input;
mod installed;
mod ledger;
mod listing;
mod module_contract;
mod note;
mod offer;
mod origin;
mod outgoing;
mod outlook;
mod permission;
mod pins;
mod policy;
mod pool_use;
mod reached;
mod record;
mod redact;
mod repair;
mod request;
mod review;
mod runner;
mod schema;
mod secret;
mod span;
mod subject;
mod tool;
mod toolbox;
mod totals;
mod unanswered;
mod usage;

pub use adapt::adapt;
pub use answer::Answer;
pub use approval::{ApprovalError, ApprovalQuestion, Approver, Approving, Binding};
pub use attempts::AttemptWishes;
pub use compiler::{NotCompiled, compile_worker};
pub use config::{RunnerChoices, RunnerConfig, scans_now};
pub use decided::{Decided, Explanation};
pub use describe::{described, listed};
pub use dispatch::MAX_PROGRESS;
pub use effect::Effect;
pub use embed::{
    embed_manifest, embed_usage, embed_wit_docs, exports_anything, exports_tools,
    without_descriptors,
};
pub use error::{EmbedError, ToolError};
pub use explain::{ExplainError, explain};
pub use file_lock::{FileLock, LockError};
pub use histogram::{BOUNDS, Histogram, HistogramCounts};
pub use host_tool::{HostAnswer, HostTool, HostToolError};
pub use hosted::hosted;
pub use imports::{Import, imports, needless_rows, only_computes};
pub use installed::Installed;
pub use ledger::{Ledger, Recording, Unrecorded};
pub use note::note;
pub use origin::Origin;
pub use outlook::{Announced, Outlook, usage};
pub use policy::{
    MAX_POLICY_BYTES, MAX_POLICY_FILES, POLICY_DIRECTORY, POLICY_SCHEMA, PolicyFile, PolicyProblem,
    PolicyProfile, ROLES_FILE, Rules, read_policy,
};
pub use pool_use::PoolUse;
pub use reached::Reached;
pub use repair::{Repaired, repaired};
pub use request::Request;
pub use review::{
    DECISION_MAX_BYTES, DECISION_MEDIA_TYPE, DamagedDecision, DecisionError, DecisionList,
    DecisionState, DecisionSummary, Difference, Judgement, KeptDecision, ListedDecision, Removal,
    ReviewDirectory, ReviewDirectoryError, ReviewGate, ReviewLock, ReviewRule, ReviewSurvey,
    Reviewed, Reviews, Seen, SeenParts, SignedDecision, Signer, Standing, Stated, ToolScope,
    TrustError, TrustedKey, TrustedKeys, find_decision, read_decision, read_envelope,
};
pub use runner::Runner;
pub use secret::{
    ExpectedSecret, FoundSecret, IdentityFile, MAX_SECRET, Namespace, SecretCommand,
    SecretEnvironment, SecretError, SecretSources, SecretStore, SecretValue, Secrets, SourceError,
    StoredSecret, encrypt_plain,
};
pub use tool::Tool;
pub use toolbox::{NameTaken, Toolbox, UnknownTool};
pub use totals::{CallTotals, ToolCounts};
pub use usage::ToolUsage;
