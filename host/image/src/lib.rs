//! The only crate that knows Agentfile and OCI.
//!
//! An [`agentfile`] is what an author writes; a [`ToolImage`] is a WebAssembly component as OCI
//! carries it; a [`Reference`] is how either is called; the [`Store`] keeps images on disk as an
//! OCI image layout; a [`Registry`] has others; [`Images`] finds what a reference means in either.
//! Nothing here runs a tool. The store's I/O blocks, and what is on disk is reached only through
//! the directory a caller hands in, except [`agentfile::read`] and docker's configuration, which
//! are opened by the path a person has given. Only the registry needs an async runtime.

pub mod agentfile;
mod blocking;
mod error;
mod images;
mod reference;
mod registry;
mod store;
mod tool_image;
mod tool_source;

pub use error::Error;
pub use images::{Found, Images};
pub use reference::{Reference, ReferenceError};
pub use registry::{Pulled, Pushed, Registry, RegistryConfig, Transfer, Watch, credential_helpers};
pub use store::{
    COMPONENT_MAX_BYTES, CONFIG_MAX_BYTES, INDEX_MAX_BYTES, Listed, MANIFEST_MAX_BYTES, Store,
    Swept, USAGE_MAX_BYTES,
};
pub use tool_image::{ToolImage, annotation};
pub use tool_source::ToolSource;
