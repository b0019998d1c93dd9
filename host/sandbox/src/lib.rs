//! The only crate that names wasmtime.
//!
//! An [`Engine`] turns the bytes of a WebAssembly component into a [`Component`] (compiled in a child process, cached
//! on disk, checked against its manifest) and calls it under a grant: a fresh store and instance for every call, with
//! fuel, memory, wall clock and output limited, and an [`Outcome`] and a [`Receipt`] at the end.

mod cache;
mod call;
mod caller;
mod compile;
mod component;
mod cpu_time;
mod engine;
mod error;
mod filesystem;
mod host;
mod http;
mod imports;
mod limiter;
mod linker;
mod outcome;
mod output;
mod random;
mod receipt;
mod reflect;
mod scratch;
mod state;
mod tcp;
mod wasi;
mod yielding;

mod bindings;

pub use call::{Call, Invocation, Report};
pub use caller::{Answering, Caller, Place, Progress, Unanswered};
pub use compile::compile_worker;
pub use component::{Component, Shape};
pub use engine::{Engine, EngineConfig};
pub use error::{EngineError, LoadError};
pub use host::MAX_MESSAGES;
pub use http::Injection;
pub use imports::is_declared;
pub use outcome::Outcome;
pub use output::Output;
pub use receipt::{Changed, Receipt};
pub use reflect::Function;
