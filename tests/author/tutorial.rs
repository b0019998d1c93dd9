//! `guest-sdk/README.md`, followed literally in an empty directory.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::{Registry, Scratch, binary, checkout, target_dir};

/// What the page has a reader do.
#[derive(Debug, PartialEq)]
enum Step {
    /// Put this text into this file.
    File(String, String),
    /// Type this, and see these lines.
    Command(String, Vec<String>),
}

/// The blocks of a page, in their order: a file is named after the language, commands begin with `$
/// `.
fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        match info.split_once(' ') {
            Some((_, file)) => steps.push(Step::File(file.to_owned(), block.join("\n") + "\n")),
            None => {
                assert_eq!(
                    info, "console",
                    "a block is a file with its name, or commands"
                );
                for line in block {
                    match (line.strip_prefix("$ "), steps.last_mut()) {
                        (Some(command), _) => {
                            steps.push(Step::Command(command.to_owned(), Vec::new()))
                        }
                        (None, Some(Step::Command(_, seen))) => seen.push(line.to_owned()),
                        _ => panic!("`{line}` is printed by no command"),
                    }
                }
            }
        }
    }
    steps
}

/// Whether a line of output is what the page shows; `…` stands for anything.
fn is_shown(line: &str, shown: &str) -> bool {
    let mut rest = line.trim_end();
    let mut parts = shown.split('…');
    let Some(left) = rest.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    rest = left;
    let mut last = "";
    for part in parts {
        let Some(place) = rest.find(part) else {
            return false;
        };
        rest = &rest[place + part.len()..];
        last = part;
    }
    rest.is_empty() || (shown.contains('…') && last.is_empty())
}

/// A reader: a place in the file system, a registry, and a host in another terminal.
struct Reader<'a> {
    scratch: &'a Scratch,
    registry: Registry,
    here: PathBuf,
    host: Option<Child>,
}

impl Reader<'_> {
    fn shell(&self, line: &str) -> Command {
        let mut path = binary()
            .parent()
            .expect("a directory")
            .as_os_str()
            .to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut shell = Command::new("bash");
        shell
            .args(["-c", line])
            .current_dir(&self.here)
            .env("PATH", path)
            .stdin(Stdio::null());
        shell.env("COFFERDAM_DATA_DIR", self.scratch.data());
        shell
            .env("CARGO_TARGET_DIR", target_dir())
            .env("REGISTRY", &self.registry.address);
        shell
    }

    fn follow(&mut self, step: &Step) {
        match step {
            Step::File(name, text) => {
                std::fs::write(self.here.join(name), text).expect("the directory is there")
            }
            Step::Command(line, _) if line.starts_with("cofferdam serve") => {
                let shell = &mut self.shell(&format!("exec {line}"));
                let mut child = shell.stderr(Stdio::piped()).spawn().expect("bash starts");
                let mut said = BufReader::new(child.stderr.take().expect("piped"))
                    .lines()
                    .map_while(Result::ok);
                self.host = Some(child);
                assert!(
                    said.any(|line| line.contains("next: ")),
                    "the host did not start"
                );
                // What it says later must not block it.
                std::thread::spawn(move || said.for_each(drop));
            }
            Step::Command(line, seen) => {
                let after = self.scratch.path().join("here");
                let output = self
                    .shell(&format!("{line} && pwd > {}", after.display()))
                    .output()
                    .expect("bash starts");
                let said = [output.stdout, output.stderr].join(&b'\n');
                let said = String::from_utf8_lossy(&said).into_owned();
                assert!(output.status.success(), "$ {line}\n{said}");
                for shown in seen {
                    assert!(
                        said.lines().any(|line| is_shown(line, shown)),
                        "`{shown}` is not in\n$ {line}\n{said}"
                    );
                }
                self.here = PathBuf::from(
                    std::fs::read_to_string(after)
                        .expect("it was written")
                        .trim_end(),
                );
            }
        }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(host) = &mut self.host {
            host.kill().ok();
            host.wait().ok();
        }
    }
}

fn page() -> String {
    std::fs::read_to_string(checkout().join("guest-sdk/README.md")).expect("the page is there")
}

#[test]
fn the_tutorial_ends_with_a_tool_that_an_agent_calls() {
    let scratch = Scratch::new();
    let steps = steps(&page());
    let here = scratch.directory("empty");
    let mut reader = Reader {
        scratch: &scratch,
        registry: Registry::start(),
        here,
        host: None,
    };
    steps.iter().for_each(|step| reader.follow(step));
    let chats = |step: &Step| {
        matches!(step, Step::Command(line,
        seen) if line.contains(" chat ") && !seen.is_empty())
    };
    assert!(steps.iter().any(chats), "the page ends in a conversation");
    assert_ne!(reader.here, Path::new(""), "the page goes somewhere");
}

#[test]
fn what_a_page_shows_is_read() {
    let page = "a\n```rust src/lib.rs\nfn f() {}\n```\nb\n```console\n$ one\nseen\n$ two\n```\n";
    let command = |line: &str, seen: &[&str]| {
        Step::Command(
            line.to_owned(),
            seen.iter().map(|line| (*line).to_owned()).collect(),
        )
    };
    let file = Step::File("src/lib.rs".to_owned(), "fn f() {}\n".to_owned());
    assert_eq!(
        steps(page),
        [file, command("one", &["seen"]), command("two", &[])]
    );
    for (line, shown) in [
        ("a b c", "a b c"),
        ("a b c", "a…c"),
        ("a b c", "a b…"),
        ("x a b", "…a…b"),
        ("a ", "a"),
    ] {
        assert!(is_shown(line, shown), "{line} {shown}");
    }
    for (line, shown) in [
        ("a b c", "a b"),
        ("a b c", "b c"),
        ("a b c", "a…x…"),
        ("a b c", "a…b"),
    ] {
        assert!(!is_shown(line, shown), "{line} {shown}");
    }
}
