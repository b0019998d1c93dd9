//! What tools get: a manifest asks, the operator decides, and both can read it before anything
//! runs.

mod guarded;
mod limits;
mod moved;
mod remedies;
mod shown;
mod space;

use std::path::PathBuf;

use crate::support::{Scratch, cofferdam, guest};

/// A guest as a component with these rows in its manifest, under a name of its own.
#[track_caller]
pub(crate) fn built(scratch: &Scratch, name: &str, guest_name: &str, rows: &str) -> PathBuf {
    let head = format!(
        "schema = 1\n[tool]\nname = \"{name}\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n"
    );
    let capabilities = scratch.file("capabilities.toml", head + rows);
    let out = scratch.path().join("out");
    let build = [
        "tool".into(),
        "build".into(),
        guest(guest_name).into_os_string(),
        "--capabilities".into(),
    ];
    let build = build.into_iter().chain([
        capabilities.into(),
        "--out".into(),
        out.clone().into_os_string(),
    ]);
    cofferdam(scratch, build).run().exits(0);
    out.join(format!("{name}.wasm"))
}

/// An Agentfile of the agent `a` with these BINs.
pub(crate) fn agentfile(scratch: &Scratch, bins: &str) -> PathBuf {
    scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL builtin/commands\n{bins}"),
    )
}

/// A row `[[fs]]` for a directory.
pub(crate) fn directory(path: &str, access: &str) -> String {
    format!("[[fs]]\npath = \"{path}\"\naccess = \"{access}\"\nreason = \"to try\"\n")
}

/// The head of a row `[[grant]]` for a tool of the agent `a`.
pub(crate) fn grant(tool: &str) -> String {
    format!("[[grant]]\nagent = \"a\"\ntool = \"{tool}\"\n")
}
