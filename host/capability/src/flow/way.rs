//! Data that can reach a host, and its way there.

use std::path::PathBuf;

/// The beginning of data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowSource {
    /// A directory, by its place.
    Directory(PathBuf),
    /// A variable.
    Variable(String),
}

/// Data that can reach a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The beginning of the data.
    pub source: FlowSource,
    /// The host, or the pattern that covers it.
    pub host: String,
    /// True if the data gets there only when the model passes it on.
    pub through_model: bool,
    /// A shortest way.
    pub steps: Vec<FlowStep>,
}

/// A step on the way of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowStep {
    /// A tool reads it: in a directory, or the variable where there is none.
    Read {
        /// The tool.
        tool: String,
        /// The directory.
        directory: Option<PathBuf>,
    },
    /// A tool calls another one with it.
    Call {
        /// The caller.
        from: String,
        /// The called tool.
        to: String,
    },
    /// A called tool answers with it.
    Answer {
        /// The called tool.
        from: String,
        /// The caller.
        to: String,
    },
    /// A tool writes it into a directory.
    Write {
        /// The tool.
        tool: String,
        /// The directory.
        directory: PathBuf,
    },
    /// The model reads it in the result of a tool.
    Told {
        /// The tool.
        tool: String,
    },
    /// The model passes it to a tool.
    Passed {
        /// The tool.
        tool: String,
    },
    /// A tool sends it to the host.
    Send {
        /// The tool.
        tool: String,
    },
}
