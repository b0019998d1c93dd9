//! The audit trail: every call is in it, and what is changed in it is found.

/// Faults of the disk and kills, while calls are recorded.
mod faults;

/// The calls that are recorded, and how people list them.
mod listed;

/// Trails that somebody changed.
mod tampered;

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Ran, Scratch, cofferdam, tool};

/// The directory of the trail.
fn directory(scratch: &Scratch) -> PathBuf {
    scratch.data().join("audit")
}

/// The segments of the trail, in their order.
fn segments(scratch: &Scratch) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory(scratch)).expect("a trail");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut segments: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    segments.sort();
    segments
}

/// The calls that `audit ls` shows with these flags.
#[track_caller]
fn ls(scratch: &Scratch, flags: &[&str]) -> Vec<Value> {
    let line = ["audit", "ls", "--format", "json"];
    let ran = cofferdam(scratch, line.iter().chain(flags)).run().exits(0);
    ran.stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

/// Runs `audit verify` with these flags.
fn verify(scratch: &Scratch, flags: &[&str]) -> Ran {
    let line = ["audit", "verify", "--format", "json"];
    cofferdam(scratch, line.iter().chain(flags)).run()
}

/// The result of `audit verify` of a trail that holds.
#[track_caller]
fn holds(scratch: &Scratch) -> Value {
    let verified = verify(scratch, &[]).exits(0).json();
    assert_eq!(verified["holds"], true, "{verified}");
    verified
}

/// The fault that `audit verify` finds.
#[track_caller]
fn fault(scratch: &Scratch) -> Value {
    let ran = verify(scratch, &[]).exits(1);
    let found = ran.json();
    assert_eq!(found["holds"], false, "{found}");
    let fault = found["fault"].clone();
    let line = format!("line {}", fault["line"]);
    ran.complains(&[fault["file"].as_str().expect("a file"), &line]);
    fault
}

/// Runs `echo` with this word.
fn echo(scratch: &Scratch, word: &str, flags: &[&str]) -> Ran {
    let echo = tool("echo").display().to_string();
    let mut line = vec!["tool", "run", &echo];
    line.extend(flags);
    line.extend(["--", word]);
    cofferdam(scratch, line).run()
}
