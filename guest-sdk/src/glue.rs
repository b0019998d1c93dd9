//! The functions that the code of the macros calls. It may change with every version of this crate.

mod catalog;
mod descriptor;
mod export;
mod tool;

#[cfg(target_family = "wasm")]
pub mod bindings;
#[cfg(target_family = "wasm")]
mod convert;

pub use catalog::{Catalog, Entry};
pub use descriptor::Descriptor;
pub use tool::{Answer, Tool};
