//! The only crate that decides what a tool may touch.
//!
//! A [`Manifest`] is what a tool asks for, a [`Decision`] is what the operator offers, a
//! [`Ceiling`] is what this host allows at most, and a [`Grant`] is where the three meet.
//! Everything here is a pure decision, except that `preopen.rs` opens the directories a grant hands
//! out: it is the only file in the host that resolves a path for a guest.

mod access;
mod account;
mod auth;
mod call_bound;
mod change;
mod credential;
mod diff;
mod digest;
#[cfg(feature = "sign")]
mod dsse;
mod environment;
mod error;
mod flow;
mod grant;
mod guarded;
mod guest_path;
pub mod json;
mod kernel_files;
#[cfg(feature = "sign")]
mod key;
mod limits;
mod location;
mod manifest;
mod narrow;
mod network;
mod overlap;
mod pagemap_scan;
mod powers;
mod preopen;
mod quantity;
mod retry;
mod room;
mod rows;
#[cfg(feature = "schema")]
pub mod schema;
mod secret;
mod secret_rule;
mod system_error;
mod text;
mod tool_contract;
mod tool_name;
mod used;
mod withheld;

pub use access::Access;
pub use account::{Account, Charge, Overdrawn};
pub use auth::{Auth, AuthError, Profile, Scope, SecretUse, TokenUrl};
pub use call_bound::CallBound;
pub use change::{Category, Change, ChangeKind};
pub use credential::CredentialRule;
pub use diff::Diff;
pub use digest::{Digest, DigestError, Digester};
#[cfg(feature = "sign")]
pub use dsse::{DsseError, ENVELOPE_MAX_BYTES, Envelope};
pub use environment::LOCKED_ENVIRONMENT;
pub use error::{GrantError, ManifestError, toml_problem};
pub use flow::{Flow, FlowDirectory, FlowError, FlowSource, FlowStep, FlowTool, flows};
pub use grant::{Ceiling, Decision, Grant};
pub use guarded::Guarded;
pub use guest_path::GuestPath;
pub use kernel_files::is_of_the_kernel;
#[cfg(feature = "sign")]
pub use key::{KEY_TEXT_MAX_BYTES, KeyAlgorithm, KeyError, SigningKey, VerifyingKey};
pub use limits::{LimitError, LimitRow, Limits, LimitsRequest, LowerLimit};
pub use location::Location;
pub use manifest::{Manifest, ToolSection};
pub use narrow::{CanAndDid, LimitUse, NarrowError, RowUse};
pub use network::{
    AddressPolicy, Host, HostOffer, HostPattern, HttpRule, Method, NetworkCeiling, NetworkPolicy,
    PathPrefix, Port, Refusal, Scheme, TcpOffer, TcpPorts, TcpRule,
};
pub use pagemap_scan::PagemapScan;
pub use powers::{asked_powers, powers};
pub use preopen::{Offer, Preopen};
pub use quantity::{Bytes, Count, Time};
pub use retry::{MAX_ATTEMPT_TIME, MAX_ATTEMPTS, MAX_WAIT, RetryError, RetryRequest};
pub use room::{Room, RoomBounds, RoomCall, RoomCount, RoomUse};
pub use rows::{CallRow, EnvRow, FsRow, HttpRow, Inject, Reason, SecretRow, TcpRow, UnusedRow};
pub use secret::{InjectFormat, InjectHeader, SecretName};
pub use secret_rule::SecretRule;
pub use system_error::SystemError;
pub use text::{ForeignText, is_hiding};
pub use tool_contract::ToolContract;
pub use tool_name::{MAX_TOOL_NAME, ToolName, ToolNameError};
pub use used::{Contact, ContactError, DirectoryUse, Used};
pub use withheld::Withheld;
