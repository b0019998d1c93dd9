//! The only way to run a tool, and the only crate that calls the sandbox.
//!
//! A [`Runner`] loads components and offers each as one or several [`Tool`]s under a grant. [`Runner::call`] is the one
//! door: it checks the input against the tool's schema, asks the policy for a permit, and only a permit reaches the
//! backend.

mod adapt;
mod answer;
mod backend;
mod caller;
mod catalog;
mod descriptors;
mod dispatch;
mod embed;
mod error;
mod imports;
mod input;
mod origin;
mod permit;
mod pins;
mod policy;
mod queue;
mod redact;
mod runner;
mod schema;
mod secret;
mod tool;

pub use adapt::adapt;
pub use answer::Answer;
pub use caller::MAX_PROGRESS;
pub use catalog::Catalog;
pub use descriptors::note;
pub use dispatch::{compile_worker, scans_now};
pub use embed::{embed_manifest, embed_wit_docs, exports_tools, without_descriptors};
pub use error::{EmbedError, ToolError};
pub use imports::{Import, imports};
pub use origin::Origin;
pub use queue::Queue;
pub use runner::{Installed, Runner, RunnerConfig};
pub use secret::{SecretError, Secrets};
pub use tool::Tool;
