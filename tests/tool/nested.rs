//! Typed tools that call tools, log and tell their progress: what they may, and how they are
//! stopped.

/// Tools that call other tools of their agent.
mod agents;

/// Calls that get less than the called tools were granted.
mod attenuation;

/// Depth, number and time of the calls of a chain.
mod chain;

/// Log and progress of a tool.
mod log;

/// Calls that need a row of the manifest, and inputs that must fit a schema.
mod permission;

use serde_json::Value;

use crate::support::components::built;
use crate::support::{Ran, Scratch, cofferdam};

/// Runs the guest alone, with these flags.
fn run(rows: &str, input: &Value, flags: &[&str]) -> Ran {
    let scratch = Scratch::new();
    let component = built(&scratch, "nested", "nested", rows);
    let args = ["tool", "run", component.to_str().expect("UTF-8")];
    let args = args
        .iter()
        .chain(flags)
        .copied()
        .map(str::to_owned)
        .chain(["--".to_owned(), input.to_string()]);
    cofferdam(&scratch, args)
        .env("COFFERDAM_LOG", "debug")
        .run()
}

/// Its receipt and its answer.
#[track_caller]
fn answer(rows: &str, input: &Value) -> (Value, Value) {
    let receipt = run(rows, input, &["--format", "json"]).exits(0).json();
    let answer =
        serde_json::from_str(receipt["stdout"].as_str().expect("text")).expect("an answer");
    (receipt, answer)
}
