//! Agents that are made from images: of this machine, of a registry, and of an Agentfile that
//! becomes one on the way.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::faults::{agentfile, agents, nothing};
use crate::support::agents::build;
use crate::support::images::keep;
use crate::support::{Host, Registry, Scratch, cofferdam, content_of};

/// Time that a host may take to fail an agent that nobody waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The agent, as `inspect` has it.
#[track_caller]
fn inspected(scratch: &Scratch, name: &str) -> Value {
    let line = ["inspect", name, "--format", "json"];
    cofferdam(scratch, line).run().exits(0).json()
}

/// Pushes an image of an agent `a` to a registry, with the image of its tool `args`, and returns
/// its reference there.
fn pushed(registry: &Registry) -> String {
    let author = Scratch::new();
    let tool = registry.reference("args:1");
    keep(&author, "args:1", "Prints its arguments");
    let line = ["tool", "push", "args:1", &tool, "--plain-http"];
    cofferdam(&author, line).run().exits(0);
    let line = ["tool", "pull", &tool, "--plain-http"];
    cofferdam(&author, line).run().exits(0);
    let lines = format!("CONTEXT SOUL <<EOF\nBe calm.\nEOF\nBIN args {tool}");
    agentfile(&author, "a", &lines);
    let home = author.path().join("a").display().to_string();
    let line = ["image", "build", &home, "--tag", "a:1"];
    cofferdam(&author, line).run().exits(0);
    let image = registry.reference("a:1");
    let line = ["image", "push", "a:1", &image, "--plain-http"];
    cofferdam(&author, line).run().exits(0);
    image
}

#[test]
fn an_image_of_a_registry_runs_and_needs_neither_again() {
    let registry = Registry::start();
    let image = pushed(&registry);
    let scratch = Scratch::new();
    let host = Host::start::<&str>(&scratch, []);
    cofferdam(&scratch, ["run", &image, "--plain-http"])
        .run()
        .exits(0);
    let agent = inspected(&scratch, "a");
    assert_eq!(agent["image"], image.as_str());
    let digest = agent["image_digest"].as_str().expect("a digest");
    assert!(digest.starts_with("sha256:"), "{agent}");
    let ran = content_of(&host.chat("a", "run args one two"), "tool.result");
    assert!(ran.ends_with("one\ntwo\n"), "{ran}");
    host.kill();
    drop(registry);
    std::fs::remove_dir_all(scratch.data().join("images")).unwrap();

    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(inspected(&scratch, "a"), agent);
    assert!(!host.chat("a", "run args one").is_empty());
    let tree = scratch.data().join("agents");
    let tree = tree.join(agent["id"].as_str().expect("an id"));
    let soul = std::fs::read_to_string(tree.join("etc/context/SOUL.md")).unwrap();
    assert_eq!(soul.trim_end(), "Be calm.");
}

#[test]
fn a_directory_an_agentfile_and_standard_input_become_images() {
    let scratch = Scratch::new();
    nothing(&scratch, "one.wasm");
    nothing(&scratch, "a/one.wasm");
    let file = agentfile(&scratch, "a", "BIN one ./one.wasm");
    let text = std::fs::read_to_string(&file).unwrap();
    let home = file.parent().unwrap().display().to_string();
    let file = file.display().to_string();
    let host = Host::start::<&str>(&scratch, []);
    cofferdam(&scratch, ["run", &home]).run().exits(0);
    cofferdam(&scratch, ["run", &file, "--name", "b"])
        .run()
        .exits(0);
    cofferdam(&scratch, ["run", "-", "--name", "c"])
        .stdin(text)
        .run()
        .exits(0);
    // The image that was built on the way is an image like any other.
    cofferdam(&scratch, ["run", "a:latest", "--name", "d"])
        .run()
        .exits(0);
    for name in ["a", "b", "c", "d"] {
        assert!(!host.chat(name, "run one").is_empty());
        let image = inspected(&scratch, name)["image"].to_string();
        assert!(image.starts_with("\"a"), "{image}");
    }
    let digests: Vec<_> = ["a", "b", "c", "d"]
        .map(|name| inspected(&scratch, name)["image_digest"].clone())
        .into();
    assert!(
        digests.iter().all(|digest| *digest == digests[0]),
        "{digests:?}"
    );
    cofferdam(&scratch, ["run", "nobody:1"])
        .run()
        .exits(2)
        .complains(&["no image nobody:1"]);
    assert_eq!(agents(&scratch).len(), 4);
}

/// Its tool, its model and its text are those of the image, also after a restart without it.
#[test]
fn an_agentfile_of_serve_builds_on_an_image() {
    let scratch = Scratch::new();
    nothing(&scratch, "base/one.wasm");
    let base = agentfile(
        &scratch,
        "base",
        "CONTEXT SOUL <<EOF\nBe calm.\nEOF\nBIN one ./one.wasm",
    );
    let base = base.parent().unwrap().display().to_string();
    let file = scratch.file("a/Agentfile", "FROM base:latest\nNAME a\n");
    let file = file.display().to_string();
    cofferdam(&scratch, ["serve", "--agentfile", &file])
        .run()
        .exits(2)
        .complains(&["Agentfile:1:6", "no image base:latest"]);
    cofferdam(&scratch, ["image", "build", &base])
        .run()
        .exits(0);
    let host = Host::start(&scratch, ["--agentfile", &file]);
    assert!(!host.chat("a", "run one").is_empty());
    host.kill();
    std::fs::remove_dir_all(scratch.data().join("images")).unwrap();
    let host = Host::start::<&str>(&scratch, []);
    assert!(!host.chat("a", "run one").is_empty());
    let tree = scratch.data().join("agents");
    let id = inspected(&scratch, "a")["id"].as_str().unwrap().to_owned();
    let soul = std::fs::read_to_string(tree.join(id).join("etc/context/SOUL.md")).unwrap();
    assert_eq!(soul.trim_end(), "Be calm.");
}

#[test]
fn choices_of_the_operator_hold_over_restarts() {
    let scratch = Scratch::new();
    nothing(&scratch, "a/one.wasm");
    let file = agentfile(&scratch, "a", "BIN one ./one.wasm\nCONFIG key! \"wanted\"");
    let file = file.display().to_string();
    let host = Host::start::<&str>(&scratch, []);
    cofferdam(&scratch, ["run", &file])
        .run()
        .exits(2)
        .complains(&["CONFIG key", "a value is required"]);
    assert_eq!(agents(&scratch), []);
    let line = ["run", &file, "--set", "key=value", "--label", "team=blue"];
    cofferdam(&scratch, line).run().exits(0);
    host.kill();
    let _host = Host::start::<&str>(&scratch, []);
    let agent = inspected(&scratch, "a");
    assert_eq!(agent["status"], "ready", "{agent}");
    assert_eq!(agent["deployment"]["configs"]["key"], "value", "{agent}");
    assert_eq!(agent["deployment"]["labels"]["team"], "blue", "{agent}");
}

/// A name without a directory is a file of the working directory, and so is a script beside it.
#[test]
fn an_agentfile_beside_its_script_needs_no_directory() {
    let scratch = Scratch::new();
    scratch.file("talks.txt", "{\"text\": \"Here.\"}\n");
    scratch.file("Afs", "FROM scratch\nNAME talks\nMODEL script/talks.txt\n");
    let host = Host::start(&scratch, ["--agentfile", "Afs"]);
    let answer = content_of(&host.chat("talks", "hello"), "message.create");
    assert_eq!(answer, "Here.");
}

#[test]
fn the_script_of_a_model_goes_with_its_image() {
    let scratch = Scratch::new();
    scratch.file("build/talks/turns.jsonl", "{\"text\": \"Here.\"}\n");
    let text = "FROM scratch\nNAME base\nMODEL script/talks/turns.jsonl\n";
    build(&scratch, text, "base:1");
    build(&scratch, "FROM base:1\nNAME talks\n", "talks:1");
    std::fs::remove_dir_all(scratch.path().join("build")).expect("a directory");
    let host = Host::start::<&str>(&scratch, []);
    cofferdam(&scratch, ["run", "talks:1"]).run().exits(0);
    let answer = |host: &Host<'_>| content_of(&host.chat("talks", "hello"), "message.create");
    assert_eq!(answer(&host), "Here.");
    host.kill();
    let host = Host::start::<&str>(&scratch, []);
    cofferdam(&scratch, ["sessions", "ls", "talks"])
        .run()
        .exits(0);
    assert_eq!(answer(&host), "Here.");

    // One that cannot go is told with its line.
    for (model, says) in [
        ("script/a b", "left over"),
        ("script/bins", "give the file another name"),
    ] {
        let file = scratch.file(
            "build/Agentfile",
            format!("FROM scratch\nNAME a\nMODEL {model}\n"),
        );
        let line = ["image".as_ref(), "build".as_ref(), file.as_os_str()];
        let ran = cofferdam(&scratch, line).run().exits(2);
        ran.complains(&["Agentfile:3:", says]);
    }
    let text = "FROM scratch\nNAME a\nMODEL script/missing.jsonl\n";
    let file = scratch.file("build/Agentfile", text);
    let line = ["image".as_ref(), "build".as_ref(), file.as_os_str()];
    let ran = cofferdam(&scratch, line).run().exits(0);
    assert!(
        ran.stderr
            .contains("note: missing.jsonl, which MODEL names"),
        "{}",
        ran.stderr
    );
    cofferdam(&scratch, ["run", "a:latest"])
        .run()
        .exits(2)
        .complains(&["agent a: its image has no file for MODEL script/missing.jsonl"]);
}

/// Nobody waits for it, so it is kept with the reason.
#[test]
fn an_agent_that_was_left_alone_and_cannot_be_made_is_kept() {
    let scratch = Scratch::new();
    let file = scratch.file(
        "a/Agentfile",
        "FROM scratch\nNAME a\nMODEL script/nowhere.jsonl\n",
    );
    let file = file.display().to_string();
    let host = Host::start::<&str>(&scratch, []);
    cofferdam(&scratch, ["run", &file]).run().exits(2);
    assert_eq!(agents(&scratch), []);
    let ran = cofferdam(&scratch, ["run", "-d", &file]).run().exits(0);
    assert_eq!(ran.stdout, "a\n");
    let deadline = Instant::now() + PATIENCE;
    while inspected(&scratch, "a")["status"] != "failed" {
        assert!(Instant::now() < deadline, "it does not fail");
        thread::park_timeout(Duration::from_millis(20));
    }
    assert_eq!(inspected(&scratch, "a")["failure_reason"], "model");
    host.kill();
    // Mended, and made at last.
    scratch.file("a/nowhere.jsonl", "{\"text\": \"Here.\"}\n");
    let host = Host::start::<&str>(&scratch, []);
    let agent = inspected(&scratch, "a");
    assert_eq!(agent["status"], "ready", "{agent}");
    assert_eq!(
        content_of(&host.chat("a", "hello"), "message.create"),
        "Here."
    );
}
