//! The functions that the code of the macros calls. It may change with every version of this crate.

mod catalog;
mod descriptor;
mod export;
#[cfg(any(test, target_os = "unknown"))]
mod heap;
mod tool;

#[cfg(target_family = "wasm")]
pub mod bindings;
#[cfg(target_family = "wasm")]
mod convert;
#[cfg(target_family = "wasm")]
mod listed;
#[cfg(target_family = "wasm")]
mod panic;

pub use catalog::{Catalog, Entry};
pub use descriptor::Descriptor;
#[cfg(target_family = "wasm")]
pub use listed::{Listed, listed};
#[cfg(target_family = "wasm")]
pub use panic::begin;
pub use tool::{Answer, Tool};
