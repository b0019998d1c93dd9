//! The input of a call, before anything is checked.

use crate::stdin::Stdin;

/// The input of one call.
#[derive(Debug, Clone)]
pub enum Input {
    /// JSON text that must fit the tool's schema: what a model writes. It is parsed when the call
    /// is permitted.
    Json(String),
    /// Arguments and standard input of a command: what a person types. Standard input may be any
    /// bytes.
    Command {
        /// The arguments, without the program's name.
        args: Vec<String>,
        /// Standard input.
        stdin: Stdin,
    },
}
