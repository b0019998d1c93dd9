//! The words that name a tool, in an Agentfile and on the command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::reference::{Reference, ReferenceError};

/// Beginnings of a path.
const PATH_STARTS: [&str; 3] = ["./", "../", "/"];

/// The end of the name of a component's file.
const PATH_END: &str = ".wasm";

/// The place that a tool comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolSource {
    /// A component file: written with a leading `./`, `../` or `/`, or a trailing `.wasm`.
    Path(PathBuf),
    /// An image.
    Image(Reference),
}

impl FromStr for ToolSource {
    type Err = ReferenceError;

    /// Reads what was written. Nothing is looked for.
    fn from_str(written: &str) -> Result<Self, ReferenceError> {
        let is_path = PATH_STARTS.iter().any(|start| written.starts_with(start))
            || written.ends_with(PATH_END);
        if is_path {
            return Ok(Self::Path(written.into()));
        }
        written.parse().map(Self::Image)
    }
}

impl fmt::Display for ToolSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Image(reference) => reference.fmt(f),
        }
    }
}
