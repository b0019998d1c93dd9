//! Which tools a component has is data, and the same for everybody; nothing of it runs before
//! somebody calls it.

/// Sections that `tool build` writes.
mod builds;

/// Components that are asked for their tools, and those that are not.
mod listing;

/// Reviewers, MCP clients and models read the same words.
mod readers;

/// Sections of descriptors that cannot be used, or name other tools.
mod sections;

use std::ffi::OsString;
use std::path::Path;

use cofferdam_selftest::in_mode;
use serde_json::{Value, json};

use crate::support::{Ran, Scratch, cofferdam, guest};

/// The section of a component that says which tools it has.
const SECTION: &str = "cofferdam:descriptors";

/// `tool inspect`, as JSON.
#[track_caller]
fn inspect(scratch: &Scratch, component: &Path) -> Value {
    let args = [
        "tool".as_ref(),
        "inspect".as_ref(),
        component.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ];
    cofferdam(scratch, args).run().exits(0).json()
}

/// The hostile component of typed tools, in this mode, built under this name.
fn built(scratch: &Scratch, mode: &str, name: &str, rows: &str) -> Ran {
    let file = scratch.file("in/hostile.wasm", hostile(mode));
    build(scratch, &file, name, rows)
}

fn build(scratch: &Scratch, component: &Path, name: &str, rows: &str) -> Ran {
    let head =
        format!("schema = 1\n[tool]\nname = \"{name}\"\nversion = \"1\"\nsummary = \"tries\"\n");
    let manifest = scratch.file("in/capabilities.toml", head + rows);
    let args = [
        "tool".into(),
        "build".into(),
        component.as_os_str().to_owned(),
        "--capabilities".into(),
    ];
    let args: Vec<OsString> = args
        .into_iter()
        .chain([manifest.into(), "--out".into(), "out".into()])
        .collect();
    cofferdam(scratch, args).run()
}

fn hostile(mode: &str) -> Vec<u8> {
    in_mode(&std::fs::read(guest("typed_hostile")).unwrap(), mode)
}

/// The section of one tool of this name.
fn section(name: &str) -> Vec<u8> {
    let tool = json!({ "name": name, "description": "d", "input_schema": { "type": "object" },
        "output_schema": null });
    json!({ "schema": 1, "tools": [tool] })
        .to_string()
        .into_bytes()
}
