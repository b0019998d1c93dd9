//! Components made of guests, and rows of their manifests.

use std::path::{Path, PathBuf};

use super::{Scratch, cofferdam, guest};

/// A guest as a component of this name, with these rows in its manifest.
#[track_caller]
pub(crate) fn built(scratch: &Scratch, name: &str, guest_name: &str, rows: &str) -> PathBuf {
    built_of(scratch, &guest(guest_name), name, rows)
}

/// A component under a name of its own, with these rows in its manifest.
#[track_caller]
pub(crate) fn built_of(scratch: &Scratch, component: &Path, name: &str, rows: &str) -> PathBuf {
    let head = format!(
        "schema = 1\n[tool]\nname = \"{name}\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n"
    );
    let capabilities = scratch.file(&format!("{name}.toml"), head + rows);
    let out = scratch.path().join("out");
    let build = [
        "tool".into(),
        "build".into(),
        component.as_os_str().to_owned(),
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

/// A component with one custom section more.
pub(crate) fn with_section(component: &[u8], name: &str, data: &[u8]) -> Vec<u8> {
    let mut with = component.to_vec();
    wasm_encoder::Section::append_to(
        &wasm_encoder::CustomSection {
            name: name.into(),
            data: data.into(),
        },
        &mut with,
    );
    with
}

/// A row `[[fs]]` for a directory.
pub(crate) fn directory(path: &str, access: &str) -> String {
    format!("[[fs]]\npath = \"{path}\"\naccess = \"{access}\"\nreason = \"to try\"\n")
}

/// A row `[[call]]` that lets a guest call this tool.
pub(crate) fn may_call(tool: &str) -> String {
    format!("[[call]]\nname = \"{tool}\"\nreason = \"to try\"\n")
}
