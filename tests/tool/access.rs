//! What tools get: a manifest asks, the operator decides, and both can read it before anything
//! runs.

/// Files that decide what runs next, apart from directories that tools may write.
mod guarded;

/// Limits of the manifest and of the operator, up to the ceiling.
mod limits;

/// A tag that moves to a component that asks for more.
mod moved;

/// Lines and flags that give what is withheld.
mod remedies;

/// The page of a reviewer.
mod reviewed;

/// Access that is shown before it is used, and narrowed by the operator.
mod shown;

/// The room that all calls share in their `/tmp`.
mod space;

use std::path::PathBuf;

use crate::support::Scratch;

/// An Agentfile of the agent `a` with these BINs.
fn agentfile(scratch: &Scratch, bins: &str) -> PathBuf {
    scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL builtin/commands\n{bins}"),
    )
}

/// The head of a row `[[grant]]` for a tool of the agent `a`.
fn grant(tool: &str) -> String {
    format!("[[grant]]\nagent = \"a\"\ntool = \"{tool}\"\n")
}
