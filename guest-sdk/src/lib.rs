//! What the author of a typed tool writes against: a [`Tool`] says what goes in, what comes out and what is done, and
//! [`export!`] makes a component of one or several of them.
//!
//! The name, the description and the schemas that a model and a reviewer see are made from the same types the tool is
//! called with, so they cannot say something else than the code. This crate gives a tool no powers: what a tool may
//! touch is declared in its `capabilities.toml` and decided by the host.
//!
//! A tool is an ordinary Rust type, so `cargo test` on any machine tests it. Only a build for WebAssembly exports it.

mod tool;

mod catalog;
mod descriptor;
mod error;
mod export;

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod bindings;
#[cfg(target_family = "wasm")]
mod convert;

pub use catalog::{Catalog, Entry};
pub use descriptor::Descriptor;
pub use error::{FailureCode, ToolError};
pub use tool::Tool;

// The versions this crate's traits come from. A tool that depends on nothing else derives with
// `#[serde(crate = "cofferdam_guest::serde")]` and `use cofferdam_guest::schemars`.
pub use schemars;
pub use serde;
pub use serde_json;
