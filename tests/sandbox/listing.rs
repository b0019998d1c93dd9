//! Names that are not UTF-8, which WASI cannot say: what is beside them is listed, and they are
//! told.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;

use crate::support::{Host, Scratch, cofferdam, content_of, tool};

/// A directory with such names before, between and after others.
fn crowd(scratch: &Scratch) {
    for name in ["a.txt", "m.txt", "z.txt", "sub/inner.txt"] {
        scratch.file(&format!("workspace/{name}"), "needle\n");
    }
    let workspace = scratch.path().join("workspace");
    for name in [&b"\xff-first.txt"[..], b"caf\xe9.txt", b"z\xfe.txt"] {
        std::fs::write(workspace.join(OsStr::from_bytes(name)), "needle\n").unwrap();
    }
}

#[test]
fn every_other_entry_of_the_directory_is_listed() {
    let scratch = Scratch::new();
    crowd(&scratch);
    let names = ["a.txt", "m.txt", "z.txt", "sub"];
    let files = ["a.txt", "m.txt", "z.txt", "sub/inner.txt"];
    let cases: [(&str, &[&str], [&str; 4]); 6] = [
        ("ls", &[], names),
        ("ls", &["-R"], names),
        ("find", &[".", "-name", "*.txt"], files),
        ("fd", &["txt"], files),
        ("rg", &["-l", "needle"], files),
        ("grep", &["-rl", "needle", "."], files),
    ];
    for (name, args, expected) in cases {
        let component = tool(name).display().to_string();
        let head = [
            "tool",
            "run",
            "--format",
            "json",
            "--dir",
            "workspace:/workspace:ro",
        ];
        let component = component.as_str();
        let line = head.iter().chain([&component, &"--"]).chain(args);
        let said = cofferdam(&scratch, line).run().exits(0).json();
        for entry in expected {
            assert!(
                said["stdout"].as_str().unwrap().contains(entry),
                "{name} {args:?}, {entry}: {said}"
            );
        }
        let unlisted = &said["unlisted"];
        assert!(
            unlisted["count"].as_u64() >= Some(3),
            "{name} {args:?}: {said}"
        );
        for entry in ["/workspace/\\xff-first.txt", "/workspace/caf\\xe9.txt"] {
            assert!(
                unlisted["names"]
                    .as_array()
                    .unwrap()
                    .contains(&json!(entry)),
                "{name} {args:?}, {entry}: {said}"
            );
        }
    }
}

#[test]
fn people_and_models_are_told_what_is_not_listed() {
    let scratch = Scratch::new();
    crowd(&scratch);
    let ls = tool("ls").display().to_string();
    let line = ["tool", "run", "--dir", "workspace:/workspace:ro", &ls];
    let ran = cofferdam(&scratch, line).run().exits(0);
    let told = "[not listed, because the name is not UTF-8: /workspace/";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    assert!(ran.stderr.contains(" and 2 more]"), "{}", ran.stderr);

    let text = format!("FROM scratch\nNAME a\nMODEL builtin/commands\nBIN ls {ls}\n");
    let file = scratch.file(
        "Agentfile",
        format!("# syntax=openotters/agentfile:1\n{text}"),
    );
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let agents = std::fs::read_dir(scratch.data().join("agents")).unwrap();
    for agent in agents.map(|agent| agent.unwrap().path().join("workspace")) {
        std::fs::write(agent.join(OsStr::from_bytes(b"caf\xe9")), "").unwrap();
        std::fs::write(agent.join("plain"), "").unwrap();
    }
    let content = content_of(&host.chat("a", "run ls"), "tool.result");
    assert!(
        content.starts_with("plain\n") && content.contains(told),
        "{content}"
    );
}
