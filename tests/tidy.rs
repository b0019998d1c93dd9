//! House rules as tests. What breaks one is told in a sentence that begins with the file and the
//! line.
//!
//! A rule is a function from text to such sentences. Each is tested twice: this repository breaks
//! it nowhere, and it is seen to fail on what it is there for.

mod bindings;
mod circles;
mod errors;
mod impls;
mod links;
mod manifest;
mod manifests;
mod parity;
mod promises;
mod protos;
mod riddles;
mod rust_tokens;
mod sources;
mod token;
mod tool_table;
mod tools;
mod width;

use std::path::Path;

use crate::support::checkout;

/// A file of the repository.
struct File {
    /// From the top of the checkout.
    path: String,
    text: String,
}

/// The file at `path`, if there is one.
fn file(path: &str) -> Option<File> {
    let text = std::fs::read_to_string(checkout().join(path)).ok()?;
    Some(File {
        path: path.to_owned(),
        text,
    })
}

/// The files below `directory` whose names end in `ending`, sorted. What is built or hidden is not
/// the repository's.
fn files(directory: &str, ending: &str) -> Vec<File> {
    let mut found = Vec::new();
    collect(&checkout().join(directory), ending, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(
        !found.is_empty(),
        "{directory} holds no {ending}: this check would pass for nothing"
    );
    found
}

fn collect(directory: &Path, ending: &str, found: &mut Vec<File>) {
    for entry in std::fs::read_dir(directory).expect("a directory of the checkout") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("names are UTF-8");
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            collect(&path, ending, found);
        } else if path.is_file() && name.ends_with(ending) {
            let relative = path
                .strip_prefix(checkout())
                .expect("below the checkout")
                .display()
                .to_string();
            found.push(file(&relative).expect("text files are UTF-8"));
        }
    }
}

/// Problems that `rule` finds in the Rust files below `directory`.
fn all(directory: &str, rule: fn(&File) -> Vec<String>) -> Vec<String> {
    files(directory, ".rs").iter().flat_map(rule).collect()
}

/// A Rust file with this text.
fn rust(text: &str) -> File {
    File {
        path: "a.rs".to_owned(),
        text: text.to_owned(),
    }
}

/// The line, counted from 1, of a place in a text.
fn line(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Fails when there are problems, and tells them all.
#[track_caller]
fn none(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Fails unless there is exactly one problem, which holds `part`.
#[track_caller]
fn one(problems: Vec<String>, part: &str) {
    assert!(
        problems.len() == 1 && problems[0].contains(part),
        "expected `{part}`, got {problems:#?}"
    );
}
