//! Kills, full disks, damage, and a data directory that goes: each fault concerns what it is about,
//! and nothing else.

/// Damaged and missing files of the data directory.
mod damage;

/// The first start, side by side with others and cut short.
mod first_start;

/// A disk without room.
mod full_disk;

/// Names of the data directory that lead to things of another kind.
mod kinds;

/// Names that a tool puts where the host writes.
mod names;

/// A data directory that is removed or replaced under a running host.
mod removed;

/// Hosts that are killed while they make an agent anew.
mod switch;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Scratch, cofferdam};

/// A command that does nothing, which is compiled in no time.
const NOTHING: &str = r#"(component
    (core module $m (func (export "run") (result i32) i32.const 0))
    (core instance $i (instantiate $m))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $command (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $command)))"#;

/// The component of [`NOTHING`] under this name.
pub(super) fn nothing(scratch: &Scratch, name: &str) -> PathBuf {
    scratch.file(name, wat::parse_str(NOTHING).expect("the text is right"))
}

/// An Agentfile for the agent `name` with these lines, in a directory of its own.
pub(super) fn agentfile(scratch: &Scratch, name: &str, lines: &str) -> PathBuf {
    let text = format!("FROM scratch\nNAME {name}\nMODEL builtin/commands\n{lines}\n");
    scratch.file(&format!("{name}/Agentfile"), text)
}

/// The agents of the running host: names, states and tools.
#[track_caller]
pub(super) fn agents(scratch: &Scratch) -> Vec<(String, String, String)> {
    let list = cofferdam(scratch, ["ps", "--format", "json"])
        .run()
        .exits(0)
        .json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let agent = |agent: &Value| {
        (
            text(&agent["name"]),
            text(&agent["status"]),
            agent["tools"].to_string(),
        )
    };
    list.as_array().expect("a list").iter().map(agent).collect()
}

/// The tree of the only agent.
#[track_caller]
pub(super) fn tree(data: &Path) -> PathBuf {
    let mut trees = std::fs::read_dir(data.join("agents"))
        .expect("agents")
        .map(|entry| entry.expect("an entry").path());
    let tree = trees.next().expect("an agent");
    assert_eq!(trees.next(), None);
    tree
}
