//! The library of the author of a typed tool: [`tool`] makes a tool of a function, and [`export!`]
//! makes a component of one or several of them.
//!
//! The name, the description and the schemas that a model and a reviewer see are made from the
//! function itself, so they cannot say something else than the code. This crate gives a tool no
//! powers: what a tool may touch is declared in its `capabilities.toml` and decided by the host.
//!
//! A tool is an ordinary function, so `cargo test` on any machine tests it; [`Context`] has what a
//! test needs beside it. Only a build for WebAssembly exports anything.

// The macros name this crate, also when it is this crate that uses them.
extern crate self as cofferdam_guest;

mod content;
mod context;
mod error;
#[cfg(feature = "http")]
pub mod http;

#[doc(hidden)]
pub mod glue;

pub use cofferdam_guest_macros::{export, tool};
pub use content::Content;
#[cfg(not(target_family = "wasm"))]
pub use context::Told;
pub use context::{CallError, Context, Level, Outcome};
pub use error::{FailureCode, ToolError};

// The versions this crate's traits come from. A tool that depends on nothing else derives with
// `#[serde(crate = "cofferdam_guest::serde")]` and `use cofferdam_guest::schemars`.
pub use schemars;
pub use serde;
pub use serde_json;
