//! Reasons why the store did not do as asked.

use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use cap_std::fs::Dir;
use cofferdam_capability::{Digest, SystemError};

use crate::agentfile::{AgentfileError, ReadError};
use crate::reference::{Reference, ReferenceError};

/// Failures between a reference and the image it names.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store holds nothing under this reference.
    #[error(
        "no image {0} on this machine: `tool build --tag` and `image build` make one, `tool pull` \
         and `image pull` fetch one"
    )]
    NotFound(Reference),
    /// The content on disk is not what its name, size or digest says. Nothing of it was used.
    #[error("{what} {problem}")]
    Corrupt {
        /// The file or blob.
        what: String,
        /// The problem with it, and what would be right.
        problem: String,
    },
    /// An image, but not one WebAssembly component.
    #[error("{reference} is not a tool: {problem}")]
    NotATool {
        /// The image.
        reference: Box<Reference>,
        /// The thing that it is instead.
        problem: String,
    },
    /// An image, but not an agent.
    #[error("{reference} is not an agent image: {problem}")]
    NotAnAgent {
        /// The image.
        reference: Box<Reference>,
        /// The problem with it, or the thing that it is instead.
        problem: String,
    },
    /// The image of one BIN of an agent cannot be had.
    #[error("BIN {bin}: {source}")]
    Bin {
        /// The BIN.
        bin: String,
        /// The reason.
        source: Box<Error>,
    },
    /// An agent image that would be of no use elsewhere.
    #[error("{reference} cannot be pushed: {problem}")]
    Local {
        /// The image.
        reference: Box<Reference>,
        /// The BIN that is of this machine alone, and what to do.
        problem: String,
    },
    /// An Agentfile cannot be read, or is wrong.
    #[error(transparent)]
    Agentfile(Box<ReadError>),
    /// A name is none that an image can have.
    #[error("`{0}` cannot be the name of an image: give it one with `--tag`")]
    Untagged(String),
    /// An image has no `NAME` to be called by.
    #[error("the Agentfile has no NAME to call the image by: give it one with `--tag`")]
    Unnamed,
    /// Something is larger than this crate ever loads or writes.
    #[error("{what} has {size} bytes, at most {max} are allowed")]
    TooLarge {
        /// The file or blob.
        what: String,
        /// Its size, found or declared, in bytes.
        size: u64,
        /// Its maximum size, in bytes.
        max: u64,
    },
    /// The image to be put is not the one its reference pins.
    #[error("{reference} pins another image: what was to be put there is {actual}")]
    Pinned {
        /// The reference, with its digest. Boxed, as errors are to be small.
        reference: Box<Reference>,
        /// The digest of the image that was to be put.
        actual: Digest,
    },
    /// An image lacks a signature that the operator requires.
    #[error(
        "{reference} is refused: cofferdam.toml requires a signature of `{signer}`, and {found}; \
         pull it again once `{signer}` has signed it"
    )]
    Unsigned {
        /// The image. Boxed, as errors are to be small.
        reference: Box<Reference>,
        /// The name of the signer.
        signer: String,
        /// The signatures that were found instead.
        found: String,
    },
    /// A digest alone is no name to keep or find an image under.
    #[error("{0} is a digest without a name: write NAME:TAG, or NAME@{0}")]
    Nameless(Reference),
    /// A reference that names no registry, where one is needed.
    #[error("{0} names no registry: write HOST/{0}")]
    Unqualified(Reference),
    /// A registry did not do as asked.
    #[error("{registry}: {problem}")]
    Registry {
        /// Its host and port.
        registry: Box<str>,
        /// The registry's answer or its absence, and what would help.
        problem: String,
    },
    /// A text is not a reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The directory given as a store is something else.
    #[error(
        "the directory holds `{0}` but no `oci-layout` file, so it is not an image store; give an \
         empty one"
    )]
    NotAStore(String),
    /// A file that the whole store depends on cannot be used.
    #[error(
        "the image store {path}: {source}; put the file back, or move the directory away and pull \
         or build its images anew",
        path = path.display()
    )]
    Store {
        /// The store's path.
        path: PathBuf,
        /// The problem with its file.
        source: Box<Error>,
    },
    /// Another process or thread has kept the store locked for longer than anyone should.
    #[error("the image store is locked by another process; try again")]
    Busy,
    /// The system refused.
    #[error("cannot {action}: {source}", source = SystemError(source))]
    Io {
        /// The action that was tried.
        action: String,
        /// The system's error.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn corrupt(what: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Corrupt {
            what: what.into(),
            problem: problem.into(),
        }
    }

    /// Adds the place of the store in `dir` to what is wrong with one of its own files.
    pub(crate) fn in_store(self, dir: &Dir) -> Self {
        match self {
            Self::Corrupt { .. } | Self::TooLarge { .. } | Self::NotAStore(_) => {
                let path = std::fs::read_link(format!("/proc/self/fd/{}", dir.as_raw_fd()));
                Self::Store {
                    path: path.unwrap_or_else(|_| "images".into()),
                    source: Box::new(self),
                }
            }
            other => other,
        }
    }

    pub(crate) fn not_a_tool(reference: &Reference, problem: impl Into<String>) -> Self {
        Self::NotATool {
            reference: Box::new(reference.clone()),
            problem: problem.into(),
        }
    }

    pub(crate) fn not_an_agent(reference: &Reference, problem: impl Into<String>) -> Self {
        Self::NotAnAgent {
            reference: Box::new(reference.clone()),
            problem: problem.into(),
        }
    }

    /// For `map_err`: says which BIN it is about.
    pub(crate) fn of_bin(bin: &str) -> impl FnOnce(Self) -> Self {
        move |source| Self::Bin {
            bin: bin.to_owned(),
            source: Box::new(source),
        }
    }

    pub(crate) fn registry(registry: &str, problem: impl Into<String>) -> Self {
        Self::Registry {
            registry: registry.into(),
            problem: problem.into(),
        }
    }

    /// For `map_err`: says what was being done.
    pub(crate) fn io<E: Into<io::Error>>(action: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |source| Self::Io {
            action: action.into(),
            source: source.into(),
        }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        Self::Agentfile(Box::new(error))
    }
}

impl From<AgentfileError> for Error {
    fn from(error: AgentfileError) -> Self {
        ReadError::from(error).into()
    }
}
