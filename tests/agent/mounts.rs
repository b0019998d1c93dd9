//! Mounts: directories of the machine that tools of an agent see, as far as each may.

use std::path::PathBuf;

use super::faults::tree;
use crate::support::components::{built, directory};
use crate::support::{Host, Scratch, cofferdam, tool};

/// An Agentfile of an agent `otter` with these lines; the tools are those that ship.
fn agentfile(scratch: &Scratch, tools: &[&str], more: &str) -> PathBuf {
    let bins: String = tools
        .iter()
        .map(|name| format!("BIN {name} {}\n", tool(name).display()))
        .collect();
    let head = "FROM scratch\nNAME otter\nMODEL builtin/commands\n";
    scratch.file("Agentfile", format!("{head}{bins}{more}"))
}

/// The configuration with this row for the agent.
fn configure(scratch: &Scratch, mounts: &[String], more: &str) {
    let mounts: Vec<_> = mounts.iter().map(|mount| format!("{mount:?}")).collect();
    let mounts = mounts.join(", ");
    let row = format!("[[agent]]\nname = \"otter\"\nmount = [{mounts}]\n{more}");
    scratch.file("data/cofferdam.toml", row);
}

/// A directory of the machine with a few files.
fn notes(scratch: &Scratch) -> String {
    scratch.file("notes/a.txt", "alpha\n");
    scratch.file("notes/sub/b.txt", "beta\n");
    scratch.path().join("notes").display().to_string()
}

#[test]
fn tools_reach_a_mount_in_the_workspace_by_every_path() {
    let scratch = Scratch::new();
    let notes = notes(&scratch);
    let own = scratch.path().join("own");
    std::fs::create_dir(&own).expect("a directory");
    let tools = ["cat", "ls", "find", "rg", "cp", "rm", "mkdir", "mv"];
    let file = agentfile(&scratch, &tools, "");
    configure(
        &scratch,
        &[
            format!("{notes}:/workspace/notes:the notes: all of them:ro"),
            format!("{}:/workspace/deep/own", own.display()),
            format!("{notes}:/elsewhere:ro"),
        ],
        "",
    );
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    host.hears("no tool sees the mount /elsewhere");
    for (line, says) in [
        ("cat notes/a.txt", "alpha\n"),
        ("cat /workspace/notes/a.txt", "alpha\n"),
        ("cat ./notes/sub/../a.txt", "alpha\n"),
        ("ls", "deep\nnotes\n"),
        ("ls notes", "a.txt\nsub\n"),
        ("ls /workspace/notes/sub", "b.txt\n"),
        ("find . -name b.txt", "./notes/sub/b.txt\n"),
        (
            "find /workspace -name b.txt",
            "/workspace/notes/sub/b.txt\n",
        ),
        ("rg -N --no-filename alpha", "alpha\n"),
        ("rg -N --no-filename beta /workspace", "beta\n"),
        ("rg -N --no-filename beta notes", "beta\n"),
    ] {
        assert_eq!(host.tool_result("otter", line), says, "{line}");
    }
    // What may be written to may be, and what may not be stays as it is.
    host.tool_result("otter", "cp notes/a.txt deep/own/copy.txt");
    host.tool_result(
        "otter",
        "cp -r /workspace/notes/sub /workspace/deep/own/sub",
    );
    let read = |name: &str| std::fs::read_to_string(own.join(name));
    assert_eq!(read("copy.txt").expect("a copy"), "alpha\n");
    assert_eq!(read("sub/b.txt").expect("a copy"), "beta\n");
    for line in [
        "cp deep/own/copy.txt notes/c.txt",
        "rm notes/a.txt",
        "rm -r /workspace/notes/sub",
        "mkdir notes/new",
        "mv notes/a.txt taken.txt",
        "mv deep/own/copy.txt notes/copy.txt",
    ] {
        let said = host.tool_result("otter", line);
        assert!(said.contains("execution error"), "{line}: {said}");
    }
    assert_eq!(
        host.tool_result("otter", "find notes"),
        "notes\nnotes/a.txt\nnotes/sub\nnotes/sub/b.txt\n"
    );

    let context = tree(&scratch.data()).join("etc/context");
    let mounts = std::fs::read_to_string(context.join("MOUNTS.md")).expect("a document");
    for line in [
        "- `/workspace/notes` (read-only): the notes: all of them. Seen by `cat`, `cp`, `find`",
        "- `/workspace/deep/own` (read-write). Seen by `cat` (read-only), `cp`, `find`, `ls`",
        "- `/elsewhere` (read-only). No tool sees it.",
    ] {
        assert!(mounts.contains(line), "{line}: {mounts}");
    }
    let yaml =
        std::fs::read_to_string(tree(&scratch.data()).join("etc/agent.yaml")).expect("a file");
    for text in [&mounts, &yaml] {
        assert!(!text.contains(&*scratch.path().to_string_lossy()), "{text}");
    }
    assert!(yaml.contains("target: /workspace/notes"), "{yaml}");
    // Without mounts there is no such document.
    drop(host);
    scratch.file("data/cofferdam.toml", "");
    let _host = Host::start::<&str>(&scratch, []);
    assert!(!context.join("MOUNTS.md").exists());
}

#[test]
fn a_mount_is_read_only_for_guests_that_try() {
    let scratch = Scratch::new();
    let place = scratch.path().join("mounted");
    scratch.file("mounted/file", "one\n");
    let rows = directory("/workspace", "read-write") + &directory("/data", "read-write");
    let intruder = built(&scratch, "intruder", "fs_mounted", &rows);
    let bin = format!("BIN intruder {}\n", intruder.display());
    let file = agentfile(&scratch, &[], &bin);
    let place = place.display();
    configure(
        &scratch,
        &[
            format!("{place}:/workspace/a/mounted:ro"),
            format!("{place}:/data:ro"),
        ],
        "",
    );
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    for path in ["/workspace/a/mounted", "a/mounted", "/data"] {
        let said = host.tool_result("otter", &format!("intruder {path}"));
        assert!(!said.contains("ESCAPED"), "{path}: {said}");
        assert!(said.contains("remove a file: "), "{path}: {said}");
    }
    let text = std::fs::read_to_string(scratch.path().join("mounted/file"));
    assert_eq!(text.expect("the file"), "one\n");
    let entries = std::fs::read_dir(scratch.path().join("mounted")).expect("a directory");
    assert_eq!(entries.count(), 1);
}

#[test]
fn a_mount_can_be_taken_from_one_bin() {
    let scratch = Scratch::new();
    let notes = notes(&scratch);
    let more = "CONFIG grant.cat.mounts=none\nCONFIG grant.ls.mounts=/workspace/b\n";
    let file = agentfile(&scratch, &["cat", "ls", "head"], more);
    let mounts = [
        format!("{notes}:/workspace/a:ro"),
        format!("{notes}:/workspace/b:ro"),
    ];
    configure(&scratch, &mounts, "");
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    assert_eq!(
        host.tool_result("otter", "head /workspace/a/a.txt"),
        "alpha\n"
    );
    let said = host.tool_result("otter", "cat /workspace/a/a.txt");
    assert!(said.contains("No such file"), "{said}");
    assert_eq!(host.tool_result("otter", "ls b"), "a.txt\nsub\n");
    assert_eq!(host.tool_result("otter", "ls a"), "(exit 0, no output)");
    // The operator's file goes before the Agentfile.
    drop(host);
    let row = "config = { \"grant.cat.mounts\" = \"/workspace/a\" }\n";
    configure(&scratch, &mounts, row);
    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(
        host.tool_result("otter", "cat /workspace/a/a.txt"),
        "alpha\n"
    );
    let said = host.tool_result("otter", "cat /workspace/b/a.txt");
    assert!(said.contains("No such file"), "{said}");
}

#[test]
fn a_mount_that_is_gone_concerns_its_agent_alone() {
    let scratch = Scratch::new();
    let notes = notes(&scratch);
    let file = agentfile(&scratch, &["cat"], "");
    let other = scratch.file(
        "Other",
        "FROM scratch\nNAME other\nMODEL builtin/commands\n",
    );
    configure(&scratch, &[format!("{notes}:/workspace/notes")], "");
    let args = [
        "--agentfile".as_ref(),
        file.as_os_str(),
        "--agentfile".as_ref(),
        other.as_os_str(),
    ];
    drop(Host::start(&scratch, args));
    let aside = scratch.path().join("aside");
    std::fs::rename(&notes, &aside).expect("renamed");
    let mut host = Host::start::<&str>(&scratch, []);
    let said = host.hears("not restored");
    assert!(said.contains("mount /workspace/notes"), "{said}");
    assert!(
        said.contains(&notes) && said.contains("put the directory back"),
        "{said}"
    );
    host.chat("other", "help");
    std::fs::rename(&aside, &notes).expect("renamed");
    host.hears("agent otter runs again");
    assert_eq!(host.tool_result("otter", "cat notes/a.txt"), "alpha\n");
    // The directory that was opened stays the one, whatever takes its name.
    std::fs::rename(&notes, &aside).expect("renamed");
    scratch.file("notes/a.txt", "another one\n");
    assert_eq!(host.tool_result("otter", "cat notes/a.txt"), "alpha\n");
}

#[test]
fn a_mount_that_cannot_be_is_told_in_one_sentence() {
    let scratch = Scratch::new();
    let notes = notes(&scratch);
    let data = scratch.data().display().to_string();
    let file = agentfile(&scratch, &["cat", "cp"], "");
    let serve = || {
        let line = ["serve".as_ref(), "--agentfile".as_ref(), file.as_os_str()];
        cofferdam(&scratch, line).run()
    };
    let with = |mount: &str| {
        configure(&scratch, &[mount.to_owned()], "");
        serve()
    };
    for (mount, says) in [
        (format!("{notes}:/var/lib:ro"), "/var is the host's"),
        (format!("{notes}:/tmp/x"), "/tmp is the host's"),
        (format!("{notes}:/workspace"), "the agent's own"),
        (format!("{notes}:/workspace/../x"), "not a guest path"),
        ("notes:/workspace/x".to_owned(), "not an absolute path"),
        (format!("{notes}/none:/workspace/x"), "No such file"),
        (format!("{notes}/a.txt:/workspace/x"), "Not a directory"),
        ("/proc:/workspace/x:ro".to_owned(), "kernel"),
        (format!("{data}:/workspace/x:ro"), "the data directory"),
        // The Agentfile lies there.
        (
            format!("{}:/workspace/x", scratch.path().display()),
            "the data directory",
        ),
    ] {
        with(&mount).exits(2).complains(&[says]);
    }
    let inner = format!("{notes}/sub");
    let mounts = [
        format!("{notes}:/workspace/x:rw"),
        format!("{inner}:/workspace/y:ro"),
    ];
    configure(&scratch, &mounts, "");
    serve().exits(2).complains(&["same access"]);
    let mounts = [format!("{notes}:/x"), format!("{inner}:/x")];
    configure(&scratch, &mounts, "");
    serve()
        .exits(2)
        .complains(&["cofferdam.toml:3", "two mounts"]);
}
