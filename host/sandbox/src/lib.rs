//! The only crate that names wasmtime.
//!
//! An [`Engine`] turns the bytes of a WebAssembly component into a [`Component`] (compiled in a
//! child process, cached on disk, checked against its manifest) and calls it under a grant: a fresh
//! store and instance for every call, with fuel, memory, wall clock and output limited, and an
//! [`Outcome`] and a [`Receipt`] at the end.

mod allowance;
mod cache;
mod call;
mod caller;
mod capture;
mod compile;
mod component;
mod cpu_time;
mod descriptors;
mod engine;
mod error;
mod failure;
mod filesystem;
mod host;
mod http;
mod imports;
mod invocation;
mod io;
mod limiter;
mod linker;
mod network;
mod other_wasi;
mod own_request;
mod pool;
mod random;
mod reflect;
mod scratch;
mod sentence;
mod state;
mod stdin;
mod swap;
mod tcp;
mod threads;
mod transfer;
mod wasi;
mod yielding;

mod bindings;

pub use allowance::Allowance;
pub use call::{Call, Called};
pub use caller::{Answering, Caller, Place, Unanswered};
pub use compile::{CompileError, compile_worker};
pub use component::{
    Component, DESCRIPTORS_SECTION, MAX_DESCRIPTORS, MAX_USAGE, Shape, USAGE_SECTION, is_command,
    is_of_typed_tools,
};
pub use descriptors::Line;
pub use engine::{ENGINE_PROFILE, Engine, EngineConfig};
pub use error::{EngineError, LoadError};
pub use host::MAX_MESSAGES;
pub use http::{HeaderSecret, Injection, Rejected, Renewal, Renewing};
pub use imports::{gives_nothing, is_declared, is_denied, needless_rows};
pub use invocation::Invocation;
pub use network::{Reach, StandIn};
pub use own_request::{OwnAnswer, OwnRequest, OwnRequestError};
pub use pool::scans_now;
pub use reflect::Function;
pub use threads::GuestThreads;
