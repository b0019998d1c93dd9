//! Files beside a tool: words for a model, and golden cases.

use serde_json::Value;

use super::{none, one};
use crate::support::checkout;

/// Files that a tool has at least.
const LEAST_CASES: usize = 3;

/// The longest text for a model, in bytes: it is read with every prompt of an agent that has the
/// tool.
const LONGEST_USAGE: usize = 4 << 10;

/// Tools whose schema says it all.
const TYPED: [&str; 1] = ["text-stats"];

/// Tools that cannot fail.
const NEVER_FAIL: [&str; 2] = ["echo", "true"];

/// A tool as its folder has it.
struct Tool {
    name: String,
    usage: Option<String>,
    /// Every case of every file in `cases/`.
    cases: Vec<Value>,
}

fn read(name: String) -> Tool {
    let folder = checkout().join("tools").join(&name);
    let entries = std::fs::read_dir(folder.join("cases"))
        .into_iter()
        .flatten();
    let cases = entries.flat_map(|entry| {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("cases are text");
        match serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        {
            Value::Array(cases) => cases,
            case => vec![case],
        }
    });
    Tool {
        cases: cases.collect(),
        usage: std::fs::read_to_string(folder.join("USAGE.md")).ok(),
        name,
    }
}

fn problems(tool: &Tool) -> Vec<String> {
    let Tool { name, usage, cases } = tool;
    let mut problems = Vec::new();
    match usage.as_ref().map(String::len) {
        None | Some(0) => {
            problems.push(format!(
                "tools/{name}/USAGE.md is missing: it tells a model how to call the tool"
            ));
        }
        Some(length) if length > LONGEST_USAGE => {
            problems.push(format!(
                "tools/{name}/USAGE.md: {length} bytes, more than {LONGEST_USAGE}: say less"
            ));
        }
        Some(_) => {}
    }
    if cases.len() < LEAST_CASES {
        problems.push(format!(
            "tools/{name}/cases: {} cases, fewer than {LEAST_CASES}",
            cases.len()
        ));
    }
    let fails = |case: &Value| {
        case["expect"]["outcome"]
            .as_str()
            .is_some_and(|outcome| outcome != "ok")
    };
    if !NEVER_FAIL.contains(&name.as_str()) && !cases.iter().any(fails) {
        problems.push(format!(
            "tools/{name}/cases: no case fails: add one with the outcome that it must have"
        ));
    }
    problems
}

#[test]
fn every_command_has_words_and_cases() {
    let folders = std::fs::read_dir(checkout().join("tools")).expect("the tools");
    let folders = folders.map(|entry| entry.expect("an entry").path());
    let names = folders
        .filter(|folder| folder.join("capabilities.toml").is_file())
        .map(|folder| {
            folder
                .file_name()
                .and_then(|name| name.to_str())
                .expect("names are UTF-8")
                .to_owned()
        })
        .filter(|name| !TYPED.contains(&name.as_str()));
    none(names.flat_map(|name| problems(&read(name))).collect());
}

#[test]
fn a_command_without_words_or_cases_is_found() {
    let tool = |name: &str, usage: Option<&str>, outcomes: &[&str]| Tool {
        name: name.to_owned(),
        usage: usage.map(str::to_owned),
        cases: outcomes
            .iter()
            .map(|outcome| serde_json::json!({ "expect": { "outcome": outcome } }))
            .collect(),
    };
    let all = ["ok", "ok", "guest-error"];
    none(problems(&tool("cat", Some("words"), &all)));
    one(
        problems(&tool("cat", None, &all)),
        "tools/cat/USAGE.md is missing",
    );
    one(problems(&tool("cat", Some(""), &all)), "is missing");
    one(
        problems(&tool("cat", Some(&"w".repeat(LONGEST_USAGE + 1)), &all)),
        "say less",
    );
    one(problems(&tool("cat", Some("words"), &all[1..])), "2 cases");
    one(
        problems(&tool("cat", Some("words"), &["ok"; 3])),
        "no case fails",
    );
    none(problems(&tool("echo", Some("words"), &["ok"; 3])));
}
