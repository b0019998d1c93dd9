//! What tools get: a manifest asks, the operator decides, and both can read it before anything
//! runs.

mod guarded;
mod limits;
mod moved;
mod remedies;
mod shown;
mod space;

use std::path::PathBuf;

use crate::support::Scratch;

/// An Agentfile of the agent `a` with these BINs.
pub(crate) fn agentfile(scratch: &Scratch, bins: &str) -> PathBuf {
    scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL builtin/commands\n{bins}"),
    )
}

/// The head of a row `[[grant]]` for a tool of the agent `a`.
pub(crate) fn grant(tool: &str) -> String {
    format!("[[grant]]\nagent = \"a\"\ntool = \"{tool}\"\n")
}
