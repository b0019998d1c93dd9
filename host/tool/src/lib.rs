//! The only way to run a tool, and the only crate that calls the sandbox.
//!
//! A [`Runner`] loads components and offers each as one or several [`Tool`]s under a grant; a
//! [`Toolbox`] holds those of one agent. A [`Request`] names one of them, and `dispatch` takes it
//! all the way: input checked against the schema, permit of the policy, sandbox, secrets taken out,
//! record. Only a permit reaches the backend.

mod adapt;
mod answer;
mod attempts;
mod backend;
mod chain;
mod checks;
mod compiler;
mod config;
mod content;
mod descriptor_error;
mod descriptors;
mod dispatch;
mod effect;
mod embed;
mod error;
mod executor;
mod host_tool;
mod hosted;
mod imports;
mod input;
mod installed;
mod listing;
mod module_contract;
mod note;
mod offer;
mod origin;
mod outgoing;
mod outlook;
mod pins;
mod policy;
mod reached;
mod redact;
mod repair;
mod request;
mod runner;
mod schema;
mod secret;
mod subject;
mod tool;
mod toolbox;
mod unanswered;
mod usage;

pub use adapt::adapt;
pub use answer::Answer;
pub use attempts::AttemptWishes;
pub use compiler::{NotCompiled, compile_worker};
pub use config::{RunnerChoices, RunnerConfig};
pub use dispatch::MAX_PROGRESS;
pub use effect::Effect;
pub use embed::{
    embed_manifest, embed_usage, embed_wit_docs, exports_anything, exports_tools,
    without_descriptors,
};
pub use error::{EmbedError, ToolError};
pub use host_tool::{HostAnswer, HostTool, HostToolError};
pub use hosted::hosted;
pub use imports::{Import, imports, only_computes};
pub use installed::Installed;
pub use note::note;
pub use origin::Origin;
pub use outlook::{Announced, Outlook, usage};
pub use reached::Reached;
pub use repair::{Repaired, repaired};
pub use request::Request;
pub use runner::{Runner, scans_now};
pub use secret::{SecretError, Secrets};
pub use tool::Tool;
pub use toolbox::{NameTaken, Toolbox, UnknownTool};
pub use usage::ToolUsage;
