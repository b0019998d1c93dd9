//! The runtime that an executor of openotters starts: a tree of its making, its command line, and
//! a client that dials it.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::grpc::{client, command as client_command};
use crate::support::vendor::{Vendor, says};
use crate::support::{Host, Scratch, binary, cofferdam, tool};

const ID: &str = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";

/// The newer shape of `etc/agent.yaml`.
const NEWER: &str = r#"id: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff
name: otter
model: builtin/commands
workspace: /workspace
image: {ref: "example.org/otter:1", digest: ""}
runtime: {ref: "example.org/runtime:1", digest: "", binary: /usr/local/bin/runtime}
configs:
  max-tokens: "100"
  limit.cat.wall: 7s
capabilities: [{name: note_save, description: ""}]
envs:
  - {key: TEAM, description: who it is}
  - {key: PATH, description: not its own}
mounts:
  - {target: /srv/facts, description: the facts, read_only: true}
  - {target: /workspace/gone, description: "", read_only: false}
context:
  - {name: AGENT, file: /etc/context/AGENT.md, description: ""}
  - {name: WORKSPACE, file: /etc/context/WORKSPACE.md, description: ""}
  - {name: SOUL, file: /etc/context/SOUL.md, description: who it is}
tools:
  - name: cat
    description: prints
    binary: /usr/bin/cat
    ref: example.org/cat:1
    digest: ""
    usage: ""
exec: [serve]
"#;

/// The older one, whose tools lie at paths of the machine and which lists no documents.
const OLDER: &str = r#"id: agent-1
source: {agent: {name: otter, model: builtin/commands}}
name: otter
model: builtin/commands
addr: 127.0.0.1:4000
exec: [serve]
provenance: {image_digest: "", runtime_ref: "example.org/runtime:1", runtime_digest: ""}
tools:
- name: cat
  description: prints
  binary: /srv/agents/agent-1/usr/bin/cat
  ref: example.org/cat
  digest: ""
"#;

const YAML: &str = "etc/agent.yaml";

/// Something that is wrong with a tree.
struct Broken {
    by: fn(&Path),
    says: &'static [&'static str],
}

fn write(root: &Path, name: &str, text: &str) {
    std::fs::write(root.join(name), text).expect("a file");
}

/// A tree as an executor makes it.
fn tree(scratch: &Scratch, yaml: &str) -> PathBuf {
    let root = scratch.directory("agents/otter");
    for name in ["tmp", "home/.config", "var/lib", "usr/local/bin"] {
        scratch.directory(&format!("agents/otter/{name}"));
    }
    for (name, text) in [
        ("etc/agent.yaml", yaml),
        ("etc/Agentfile", "FROM scratch\n"),
        (
            "etc/context/AGENT.md",
            "# otter\n\nThe agent of an executor.\n",
        ),
        ("etc/context/WORKSPACE.md", "There is no chroot.\n"),
        ("etc/context/SOUL.md", "Be kind.\n"),
        ("etc/context/UNLISTED.md", "Not in the list.\n"),
        ("etc/data/facts.txt", "data\n"),
        ("workspace/notes.txt", "one\ntwo\n"),
    ] {
        scratch.file(&format!("agents/otter/{name}"), text);
    }
    let bin = scratch.directory("agents/otter/usr/bin").join("cat");
    std::fs::copy(tool("cat"), bin).expect("a component");
    symlink(binary(), root.join("usr/local/bin/runtime")).expect("a link");
    root
}

/// The command line of an executor.
fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(root.join("usr/local/bin/runtime"));
    command.args(arguments).arg("--root").arg(root);
    command.args(["--addr", "127.0.0.1:0"]);
    command
        .env("HOME", root.join("home"))
        .env("OTTERS_AGENT_ROOT", root);
    command
}

/// Every file and link of a tree with its content, but for what the runtime keeps.
fn content(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.ends_with("var/lib") || path.ends_with("usr/local/bin") {
            } else if path.is_dir() && !path.is_symlink() {
                directories.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap_or_default();
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

/// The results of tools in an answer of the client.
fn results(events: &Value) -> Vec<&str> {
    let events = events.as_array().expect("events").iter();
    let results = events.filter(|event| event[0] == "tool.result");
    results
        .map(|event| event[1].as_str().expect("text"))
        .collect()
}

#[test]
fn trees_of_both_generations_are_served_as_they_are() {
    for yaml in [NEWER, OLDER] {
        let scratch = Scratch::new();
        let root = tree(&scratch, yaml);
        let before = content(&root);
        let host = Host::runtime(&scratch, command(&root, &["serve"]));
        let services = client(&scratch, &host, &["services"]);
        let served = services.to_string();
        assert!(served.contains("AgentRuntime"), "{served}");
        // Nobody proves there who he is, so nobody can make, stop or remove an agent.
        assert!(!served.contains("cofferdam.v1"), "{served}");
        let about = client(&scratch, &host, &["runtime"]);
        assert_eq!(about["health"], json!(["ok", "otter", "builtin/commands"]));
        assert_eq!(about["ready"], true);
        let events = client(&scratch, &host, &["stream", "s", "run cat notes.txt"]);
        assert_eq!(results(&events), ["one\ntwo\n"], "{events}");
        let begun = Instant::now();
        host.signal("INT");
        assert_eq!(host.ended(), Some(0));
        assert!(begun.elapsed() < Duration::from_secs(1), "{begun:?}");
        assert_eq!(content(&root), before);
        assert!(root.join("var/lib/cofferdam/cofferdam.db").exists());

        // Another process of the same tree has the session.
        let host = Host::runtime(&scratch, command(&root, &["serve"]));
        let messages = client(&scratch, &host, &["messages", "s"]);
        assert_eq!(messages.as_array().map(Vec::len), Some(2), "{messages}");
        host.signal("INT");
        assert_eq!(host.ended(), Some(0));
    }
}

#[test]
fn an_interrupt_ends_a_turn_and_what_it_said_is_kept() {
    let scratch = Scratch::new();
    let root = tree(&scratch, &OLDER.replace("cat", "sleep"));
    std::fs::copy(tool("sleep"), root.join("usr/bin/sleep")).expect("a component");
    let host = Host::runtime(&scratch, command(&root, &["serve"]));
    let line = ["stream", "s", "run sleep 20"];
    let mut turn = client_command(&scratch, &host, &line)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("Python runs");
    let logs = root.join("var/lib/cofferdam/logs");
    let has_begun = || {
        let entries = std::fs::read_dir(&logs).expect("a directory");
        let mut logs = entries.map(|entry| std::fs::read_to_string(entry.expect("a log").path()));
        logs.any(|log| log.is_ok_and(|log| log.contains("turn-begun")))
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while !has_begun() {
        assert!(Instant::now() < deadline, "no turn begins");
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let begun = Instant::now();
    host.signal("INT");
    assert_eq!(host.ended(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(1), "{begun:?}");
    assert!(!turn.wait().expect("it ends").success());
    let host = Host::runtime(&scratch, command(&root, &["serve"]));
    let messages = client(&scratch, &host, &["messages", "s"]);
    assert_eq!(messages[0][1], "run sleep 20", "{messages}");
}

#[test]
fn the_model_reads_the_listed_documents_and_the_truth_about_the_sandbox() {
    let scratch = Scratch::new();
    let root = tree(&scratch, NEWER);
    let facts = scratch.directory("facts");
    scratch.directory("agents/otter/srv");
    symlink(&facts, root.join("srv/facts")).expect("a link");
    // A tool could have made this one.
    symlink("../../../..", root.join("workspace/gone")).expect("a link");
    let prompts = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&prompts);
    let vendor = Vendor::answering(move |request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        kept.lock().expect("no thread panicked").push(body);
        says("hi")
    });
    let mut command = command(&root, &["serve", "--verbose", "--max-tokens", "5"]);
    command.args(["--model", "openai/m"]);
    command
        .env("OPENAI_API_KEY", "sk-planted")
        .env("OPENAI_API_BASE", vendor.base())
        .env("TEAM", "secret-whale");
    let mut host = Host::runtime(&scratch, command);
    let about = client(&scratch, &host, &["about"]);
    assert_eq!(about["health"], json!(["ok", "otter", "openai/m"]));
    assert_eq!(client(&scratch, &host, &["chat", "s", "hello"]), "hi");
    assert_eq!(vendor.keys(), ["sk-planted"]);
    let prompt = prompts.lock().expect("no thread panicked").join("\n");
    for text in [
        "The agent of an executor.",
        "## Access",
        "`/workspace` (read-only)",
        "Be kind.",
        "Every tool call runs alone in a fresh sandbox.",
        "A call has at most 7s of time",
        "`/srv/facts` (read-only): the facts",
    ] {
        assert!(prompt.contains(text), "{text}: {prompt}");
    }
    for text in ["no chroot", "Not in the list", "secret-whale", "sk-planted"] {
        assert!(!prompt.contains(text), "{text}: {prompt}");
    }
    host.hears("note: --verbose, --max-tokens of EXEC mean nothing");
    host.hears("mount /workspace/gone: it is left out: its link in the tree does not name an");
    host.hears("variable PATH: no tool gets it");
}

#[test]
fn a_mount_whose_link_was_exchanged_is_left_out() {
    let scratch = Scratch::new();
    let root = tree(&scratch, NEWER);
    let one = scratch.directory("one");
    let other = scratch.directory("other");
    scratch.directory("agents/otter/srv");
    let link = root.join("srv/facts");
    symlink(&one, &link).expect("a link");
    Host::runtime(&scratch, command(&root, &["serve"]));
    std::fs::remove_file(&link).expect("a link");
    symlink(&other, &link).expect("a link");
    let mut host = Host::runtime(&scratch, command(&root, &["serve"]));
    host.hears("mount /srv/facts: it is left out: its link leads to");
}

#[test]
fn a_tree_that_cannot_be_served_is_told_in_one_sentence() {
    let cases: [Broken; 6] = [
        Broken {
            by: |root| write(root, "usr/bin/cat", "\x7fELF\x02\x01\x01"),
            says: &["BIN cat", "native"],
        },
        Broken {
            by: |root| std::fs::remove_file(root.join("usr/bin/cat")).expect("a file"),
            says: &["usr/bin/cat"],
        },
        Broken {
            by: |root| std::fs::remove_file(root.join(YAML)).expect("a file"),
            says: &[YAML],
        },
        Broken {
            by: |root| {
                let file = "/etc/context/../../../secret";
                write(root, YAML, &NEWER.replace("/etc/context/SOUL.md", file));
            },
            says: &["SOUL", "lies at no path of the tree"],
        },
        Broken {
            by: |root| write(root, YAML, &NEWER.replace("name: cat\n", "name: ../cat\n")),
            says: &[YAML, "`../cat` is not such a name"],
        },
        Broken {
            by: |root| write(root, YAML, &format!("{NEWER}api-key: x\n")),
            says: &[YAML, "api-key"],
        },
    ];
    for Broken { by, says } in cases {
        let scratch = Scratch::new();
        let root = tree(&scratch, NEWER);
        by(&root);
        let root = root.to_str().expect("UTF-8");
        let line = ["runtime", "serve", "--root", root, "--addr", ":0"];
        cofferdam(&scratch, line).run().exits(2).complains(says);
    }
    let scratch = Scratch::new();
    let line = ["runtime", "serve", "--addr", "0.0.0.0:0"];
    cofferdam(&scratch, line)
        .run()
        .exits(2)
        .complains(&["--addr 0.0.0.0:0", "127.0.0.1"]);
}

#[test]
fn the_id_of_the_tree_is_the_agents() {
    let scratch = Scratch::new();
    let root = tree(&scratch, NEWER);
    let host = Host::runtime(&scratch, command(&root, &["serve"]));
    drop(host);
    assert!(
        root.join(format!("var/lib/cofferdam/logs/{ID}.log"))
            .exists()
    );
}
