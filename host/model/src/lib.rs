//! The only crate that knows a model vendor.
//!
//! A [`Model`] is asked for one turn at a time: it gets the whole conversation and the tools there
//! are, and gives back what it says and which tools it wants to call. [`open`] turns a
//! [`ModelName`] into one of three kinds: `builtin/…` needs no network, `script/…` replays a
//! transcript, and every other name is a vendor's model.
//!
//! A [`ModelHandle`] follows the operator's `providers.yaml` ([`ProvidersFile`]) while agents use
//! it, and [`check`] asks a provider if it can be used as it is configured.
//!
//! Absent on purpose: nothing here runs a tool, keeps a session, reads the process environment or
//! looks for a file of providers. Keys and addresses arrive as [`Credentials`] and never leave the
//! crate again.

mod address;
mod message;
mod name;
mod object;
mod sampling;
mod thinking;
mod usage;

mod providers;

mod credentials;
mod model;

mod builtin;
mod script;
mod vendor;

mod open;

mod handle;

mod error;

pub use credentials::Credentials;
pub use error::{Error, FailureKind};
pub use handle::ModelHandle;
pub use message::{Finish, Message, Request, ToolCall, Turn};
pub use model::Model;
pub use name::ModelName;
pub use object::ObjectSchema;
pub use open::open;
pub use providers::{
    Entry, NewProvider, OpenFile, Providers, ProvidersFile, Variables, with, without,
};
pub use sampling::{DEFAULT_MAX_TOKENS, Sampling};
pub use thinking::Thinking;
pub use usage::Usage;
pub use vendor::{Answered, Configured, KeyState, check, configured};
