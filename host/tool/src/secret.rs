//! The values of secrets: resolved when a call needs them, put into its requests by the host, and
//! nowhere else.
//!
//! [`SecretSources`] are asked in a fixed order; only "it is not there" leads to the next one.
//! [`Injector`] is the stage of a call before it runs.

mod command;
mod environment;
mod error;
mod exchange;
mod file;
mod given;
mod identity;
mod injector;
mod names;
mod plain;
mod size;
mod sources;
mod store;
mod token_in_use;
mod tokens;
mod value;

pub use command::SecretCommand;
pub use environment::SecretEnvironment;
pub use error::{SecretError, SourceError};
pub use given::Secrets;
pub use identity::IdentityFile;
pub(crate) use injector::{Injector, Prepared, Wanted};
pub use names::{Namespace, StoredSecret};
pub use plain::encrypt_plain;
pub use size::MAX_SECRET;
pub use sources::{ExpectedSecret, FoundSecret, SecretSources};
pub use store::SecretStore;
pub use value::SecretValue;
