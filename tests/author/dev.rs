//! `tool dev`: builds and tests again what changes, until an interrupt ends it.

use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use crate::support::mcp::lines;
use crate::support::{Scratch, cofferdam, target_dir};

/// The longest build, or wait for another test that builds.
const PATIENCE: Duration = Duration::from_secs(300);

const PACKAGE: &str = r#"
    [package]
    name = "says"
    version = "0.0.0"
    edition = "2024"
    [profile.guest]
    inherits = "release"
    opt-level = 1
    [workspace]
"#;

const CAPABILITIES: &str = r#"
    schema = 1
    [tool]
    name = "says"
    version = "0.0.0"
    summary = "Says a word"
"#;

/// The command at work, and the lines that it prints.
struct Dev {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Dev {
    fn start(scratch: &Scratch, project: &Path) -> Self {
        let args = ["tool".as_ref(), "dev".as_ref(), project.as_os_str()];
        let started = cofferdam(scratch, args).env("CARGO_TARGET_DIR", target_dir());
        let mut child = started.start();
        let stdout = lines(child.stdout.take().expect("piped"));
        let stderr = lines(child.stderr.take().expect("piped"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// What it says until it waits for a change.
    #[track_caller]
    fn waits(&self) -> String {
        until(&self.stderr, "waiting for a change in")
    }

    /// What it prints of one run of the cases.
    #[track_caller]
    fn reports(&self) -> String {
        until(&self.stdout, "most fuel ")
    }
}

/// Waits for a line with these words, and returns it with those before it.
#[track_caller]
fn until(lines: &Receiver<String>, words: &str) -> String {
    let mut said = String::new();
    while let Ok(line) = lines.recv_timeout(PATIENCE) {
        said = said + &line + "\n";
        if line.contains(words) {
            return said;
        }
    }
    panic!("`{words}` is not in {said}");
}

impl Drop for Dev {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn case(word: &str) -> String {
    format!(r#"{{"name": "a word", "expect": {{"stdout": "{word}\n"}}}}"#)
}

fn program(word: &str) -> String {
    format!("fn main() {{ println!(\"{word}\"); }}\n")
}

#[test]
fn a_tool_is_built_and_tested_again_when_a_file_changes() {
    let scratch = Scratch::new();
    let file = |name: &str, text: &str| scratch.file(&format!("says/{name}"), text);
    let project = file("Cargo.toml", PACKAGE);
    let project = project.parent().expect("a directory");
    file("capabilities.toml", CAPABILITIES);
    file("src/main.rs", &program("one"));
    file("cases/a.json", &case("one"));
    let mut dev = Dev::start(&scratch, project);
    // It has no lock file yet; that its build makes one is nobody's change.
    let said = dev.waits();
    assert!(
        said.contains("Cargo.lock was missing: it is made"),
        "{said}"
    );
    let said = dev.reports();
    assert!(
        said.contains("1 case, 6 hostile inputs") && !said.contains("FAIL"),
        "{said}"
    );
    assert!(scratch.path().join("target/tools/says.wasm").is_file());

    file("cases/a.json", &case("two"));
    let said = dev.waits();
    assert!(
        said.contains("changed: ") && said.contains("1 of 7 cases failed"),
        "{said}"
    );
    assert!(
        said.contains("says/cases/a.json") && !said.contains("says/src"),
        "{said}"
    );
    assert!(dev.reports().contains("FAIL a word"));

    file("src/main.rs", &program("two"));
    let said = dev.waits();
    assert!(
        said.contains("says/src/main.rs") && !said.contains("error"),
        "{said}"
    );
    assert!(!dev.reports().contains("FAIL"));

    // A mistake is told, and waited for to be mended.
    file("src/main.rs", "fn main() {");
    assert!(dev.waits().contains("error: cargo could not build"));
    file("src/main.rs", &program("two"));
    let said = dev.waits();
    assert!(
        said.contains("changed: ") && !said.contains("error: "),
        "{said}"
    );

    let pid = dev.child.id().to_string();
    let ran = Command::new("kill").args(["-s", "INT", &pid]).status();
    assert!(ran.expect("kill runs").success());
    assert_eq!(dev.child.wait().expect("it is ours").code(), Some(0));
}

#[test]
fn what_is_no_tool_is_not_watched() {
    let scratch = Scratch::new();
    cofferdam(&scratch, ["tool", "dev", "nowhere"])
        .run()
        .exits(2)
        .complains(&["nowhere"]);
}
