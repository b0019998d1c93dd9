//! `tool test`: cases in every form, hostile inputs, what a manifest asks for in vain, and what a
//! tool needs.

/// Hosts, other tools and directories of a case.
mod access;

/// Limits that are suggested.
mod limits;

/// Cases that are refused with their place.
mod mistakes;

/// A project whose cases pass, fail, and ask for too much.
mod project;

/// Requests that a case expects.
mod requests;

/// Cases of a tool that ships with the host.
mod shipped;

use serde_json::Value;

use crate::support::{Ran, Scratch, cofferdam, guest};

/// A guest that is built already, with a manifest and cases beside it.
fn beside(scratch: &Scratch, name: &str, manifest: &str, cases: &str, flags: &[&str]) -> Ran {
    std::fs::copy(guest(name), scratch.path().join("guest.wasm")).expect("a copy");
    let head = "schema = 1\n[tool]\nname = \"guest\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n";
    scratch.file("capabilities.toml", format!("{head}{manifest}"));
    scratch.file("cases/a.json", cases);
    let args = [
        "tool",
        "test",
        "guest.wasm",
        "--capabilities",
        "capabilities.toml",
    ];
    cofferdam(scratch, args.iter().chain(flags)).run()
}

fn case<'a>(tested: &'a Value, name: &str) -> &'a Value {
    let cases = tested["cases"].as_array().expect("cases");
    cases
        .iter()
        .find(|case| case["name"] == name)
        .unwrap_or_else(|| panic!("no {name} in {tested}"))
}
