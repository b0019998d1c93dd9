//! Errors of an engine that cannot start, and of a component that cannot be loaded.

use cofferdam_capability::{ManifestError, SystemError};

use crate::sentence;

/// The engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refused its configuration, pooled and not.
    #[error("cannot start the WebAssembly engine: {0}")]
    Engine(String),
    /// The cache directory for native code is not one to trust.
    #[error("cannot use the cache of compiled code {path}: {problem}")]
    Cache {
        /// The directory or file.
        path: String,
        /// The problem, and the remedy.
        problem: String,
    },
    /// The system gives no threads for guests.
    #[error("cannot start the threads of guests: {0}")]
    Threads(std::io::Error),
    /// The directory for the scratch directories of calls cannot be used.
    #[error("cannot use the scratch directory: {}", SystemError(.0))]
    Scratch(std::io::Error),
}

/// A guest that asked a host function for more than it gives. The type distinguishes it from the
/// host's own failures.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Overasked(pub(crate) String);

/// A guest that asked for input which the host may not pass on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

/// A guest that broke the rules of an interface, which ends it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Violation(pub(crate) String);

/// A failure of the host's own code while a guest ran.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct HostFailure(pub(crate) String);

/// Bytes that are not a tool this host runs.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not a component at all.
    #[error("{origin} is {found}: Cofferdam runs WebAssembly components (build for wasm32-wasip2)")]
    NotAComponent {
        /// The source of the bytes.
        origin: String,
        /// The format that they have instead.
        found: &'static str,
    },
    /// A core module, of which `tool build` may be able to make a component.
    #[error(
        "{origin} is a core WebAssembly module: Cofferdam runs components; `cofferdam tool build \
         FILE --capabilities FILE` makes one of a command for WASI preview 1, and others are built \
         for wasm32-wasip2"
    )]
    CoreModule {
        /// The source of the bytes.
        origin: String,
    },
    /// A component that is cut off or broken.
    #[error("{origin} is not a valid WebAssembly component: {problem}")]
    Invalid {
        /// The source of the bytes.
        origin: String,
        /// The problem, with its offset.
        problem: String,
    },
    /// A component larger than the host takes.
    #[error("{origin} has {size} bytes: at most {max} are loaded")]
    TooLarge {
        /// The source of the bytes.
        origin: String,
        /// Its size in bytes.
        size: u64,
        /// The most that is loaded, in bytes.
        max: u64,
    },
    /// The manifest it carries does not say what its author meant.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A component for another version of WASI than this host has.
    #[error(
        "{origin} is a component for {version} of WASI ({interface}), and this host runs WASI 0.2: \
         build it with a toolchain for WASI 0.2 (for Rust, the target wasm32-wasip2)"
    )]
    OtherWasi {
        /// The source of the bytes.
        origin: String,
        /// The version that it was built for.
        version: String,
        /// The interface or the feature that shows it.
        interface: String,
    },
    /// The description of interfaces in binary form.
    #[error(
        "{origin} is a WIT package: it describes interfaces, and there is nothing in it to run; \
         build a component with it, or give its text to `cofferdam tool build COMPONENT --wit FILE`"
    )]
    WitPackage {
        /// The source of the bytes.
        origin: String,
    },
    /// It imports what its manifest does not declare or the host does not have.
    #[error(
        "{origin} imports {imported} and its manifest declares {declared}: declare it in \
         capabilities.toml, acknowledge it with [[unused]], or remove the import"
    )]
    Undeclared {
        /// The source of the bytes.
        origin: String,
        /// The interfaces it imports without being allowed to.
        imported: String,
        /// The powers that its manifest declares.
        declared: String,
    },
    /// It exports nothing that this host can call.
    #[error(
        "{origin} exports {exports}: expected wasi:cli/run (a command), cofferdam:tool/tools \
         (typed tools) or functions of its own"
    )]
    NothingToCall {
        /// The source of the bytes.
        origin: String,
        /// The exports that it has.
        exports: String,
    },
    /// It exports functions, and none that can be called with JSON.
    #[error("{origin} exports nothing that can be called with JSON: {refused}")]
    Unreflected {
        /// The source of the bytes.
        origin: String,
        /// The first exports, each with the reason.
        refused: String,
    },
    /// It takes more before it runs than any call can get on this host.
    #[error("{origin} {problem}")]
    AboveCeiling {
        /// The source of the bytes.
        origin: String,
        /// The limit, what it needs of it, and what would be right.
        problem: String,
    },
    /// Its compilation was stopped or failed.
    #[error("cannot compile {origin}: {problem}")]
    Compile {
        /// The source of the bytes.
        origin: String,
        /// The problem.
        problem: String,
    },
    /// The host could not do its part.
    #[error("cannot load {origin}: {problem}")]
    Host {
        /// The source of the bytes.
        origin: String,
        /// The problem.
        problem: String,
    },
}

impl LoadError {
    /// A failure of the host itself, with `origin` for the component.
    pub(crate) fn in_host(origin: &str, error: &wasmtime::Error) -> Self {
        Self::Host {
            origin: origin.to_owned(),
            problem: sentence::problem(&format!("{error:#}")),
        }
    }
}
