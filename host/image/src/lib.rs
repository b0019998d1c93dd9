//! The only crate that knows Agentfile and OCI.
//!
//! An [`agentfile`] is what an author writes; a [`ToolImage`] is a WebAssembly component as OCI carries it; a
//! [`Reference`] is how either is called; the [`Store`] keeps images on disk as an OCI image layout. Nothing here
//! runs a tool, speaks to a network or needs an async runtime: all I/O blocks, and what is on disk is reached only
//! through the directory a caller hands in, except [`agentfile::read`], which opens the path its caller was given by
//! a person.

pub mod agentfile;
mod error;
mod reference;
mod store;
mod tool_image;

pub use error::Error;
pub use reference::{Reference, ReferenceError};
pub use store::{COMPONENT_MAX_BYTES, CONFIG_MAX_BYTES, INDEX_MAX_BYTES, Listed, MANIFEST_MAX_BYTES, Store};
pub use tool_image::{ToolImage, annotation};
