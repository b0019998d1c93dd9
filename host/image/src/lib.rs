//! The only crate that knows Agentfile and OCI.
//!
//! An [`agentfile`] is what an author writes; an [`AgentImage`] is what becomes of it, and a
//! [`ToolImage`] a WebAssembly component, as OCI carries them; a [`Reference`] is how any of them
//! is called; the [`Store`] keeps images on disk as an OCI image layout; a [`Registry`] has others;
//! [`Images`] finds what a reference means in either. Nothing here runs a tool. The store's I/O
//! blocks, and what is on disk is reached only through the directory a caller hands in, except
//! [`agentfile::read`] and docker's configuration, which are opened by the path a person has given.
//! Only the registry needs an async runtime.

mod agent_image;
pub mod agentfile;
mod attestation;
mod blocking;
mod content;
mod error;
mod images;
mod key_file;
mod kind;
mod reference;
mod referrer;
mod registry;
mod signature;
mod signers;
mod store;
mod tool_image;
mod tool_source;

pub use agent_image::{
    AgentImage, ConfigError, LOCK_ANNOTATION, Lock, LockedBin, LockedParent, config_json,
    from_config_json,
};
pub use attestation::{Attestation, Claim, Source as AttestedSource};
pub use error::Error;
pub use images::{Found, Images, Recipe};
pub use key_file::{KeyFileError, KeyFiles, read_signing_key, read_verifying_key};
pub use kind::Kind;
pub use reference::{Reference, ReferenceError};
pub use referrer::{Attachment, REFERRERS_MAX, REFERRERS_MAX_BYTES, Referrer, ReferrerPart};
pub use registry::{Pulled, Pushed, Registry, RegistryConfig, Transfer, Watch, credential_helpers};
pub use signature::{BUNDLE_TYPE, IN_TOTO_TYPE};
pub use signers::{Scope, ScopeError, Signer, Signers};
pub use store::{
    COMPONENT_MAX_BYTES, CONFIG_MAX_BYTES, INDEX_MAX_BYTES, Imported, Listed, MANIFEST_MAX_BYTES,
    Store, Swept, USAGE_MAX_BYTES,
};
pub use tool_image::{ToolImage, annotation};
pub use tool_source::ToolSource;
