//! Directories: what is granted stays what it was, what overlaps is refused, and `/tmp` is gone
//! after the call.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Cofferdam, Host, Scratch, cofferdam, content_of, guest, tool};

/// How long something outside the test's own process may take to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// The scratch directories of calls that are over are gone, and so is that of the process.
#[track_caller]
fn nothing_left(scratch: &Scratch) {
    assert_eq!(
        names(&scratch.data().join("scratch")),
        Vec::<PathBuf>::new()
    );
}

fn names(directory: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

// Commands.

fn manifest(fs: &[(&str, &str)]) -> String {
    let mut text =
        "schema = 1\n[tool]\nname = \"guest\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n"
            .to_owned();
    for (path, access) in fs {
        text += &format!("[[fs]]\npath = \"{path}\"\naccess = \"{access}\"\nreason = \"to try\"\n");
    }
    text
}

/// `tool run GUEST` with these rows and these offers.
fn tool_run(
    scratch: &Scratch,
    name: &str,
    fs: &[(&str, &str)],
    dirs: &[String],
    args: &[&str],
) -> Cofferdam {
    let capabilities = scratch
        .file("capabilities.toml", manifest(fs))
        .display()
        .to_string();
    let component = guest(name).display().to_string();
    let mut line = vec![
        "tool",
        "run",
        &component,
        "--format",
        "json",
        "--capabilities",
        &capabilities,
    ];
    line.extend(dirs.iter().flat_map(|dir| ["--dir", dir]));
    line.push("--");
    line.extend(args);
    cofferdam(scratch, line)
}

const BOTH: [(&str, &str); 2] = [("/workspace", "read-only"), ("/out", "read-write")];

#[test]
fn one_directory_under_two_names_needs_one_access() {
    let scratch = Scratch::new();
    let tree = scratch
        .directory("tree/inner/innermost")
        .ancestors()
        .nth(2)
        .unwrap()
        .display()
        .to_string();
    symlink(format!("{tree}/inner"), scratch.path().join("link")).expect("a link");
    let link = scratch.path().join("link").display().to_string();
    let pairs = [
        (tree.clone(), tree.clone()),
        (tree.clone(), format!("{tree}/inner/innermost")),
        (format!("{tree}/inner/innermost"), tree.clone()),
        (link.clone(), tree.clone()),
        (tree.clone(), link),
    ];
    for (workspace, out) in pairs {
        let dirs = [
            format!("{workspace}:/workspace:ro"),
            format!("{out}:/out:rw"),
        ];
        let ran = tool_run(&scratch, "fs_write", &BOTH, &dirs, &[])
            .run()
            .exits(2);
        ran.complains(&[
            "/workspace",
            "/out",
            "read-only",
            "read-write",
            "same access",
        ]);
        // With the same access there is nothing to go round.
        let same = [("/workspace", "read-only"), ("/out", "read-only")];
        tool_run(&scratch, "fs_write", &same, &dirs, &[])
            .run()
            .exits(1);
    }
    // Neighbours may differ.
    let dirs = [format!(
        "{}:/workspace:ro",
        scratch.directory("a").display()
    )];
    let dirs = [
        dirs[0].clone(),
        format!("{}:/out:rw", scratch.directory("ab").display()),
    ];
    tool_run(&scratch, "fs_write", &BOTH, &dirs, &[])
        .run()
        .exits(1);
}

#[test]
fn nobody_offers_what_is_the_calls_own() {
    let scratch = Scratch::new();
    let host = scratch.directory("host").display().to_string();
    for guest_path in ["/tmp", "/tmp/below"] {
        let dirs = [format!("{host}:{guest_path}")];
        let ran = tool_run(&scratch, "fs_tmp", &[("/tmp", "read-write")], &dirs, &[])
            .run()
            .exits(2);
        ran.complains(&[guest_path, "cannot be offered", "every call gets empty"]);
    }
    for row in [("/tmp", "read-only"), ("/tmp/below", "read-write")] {
        tool_run(&scratch, "fs_tmp", &[row], &[], &[])
            .run()
            .exits(2)
            .complains(&["/tmp", "read-write"]);
    }
    // No row, no directory.
    let ran = tool_run(&scratch, "fs_tmp", &[], &[], &[]).run().exits(1);
    assert!(!ran.stdout.contains("filled"), "{}", ran.stdout);
}

#[test]
fn a_link_that_the_operator_names_is_resolved_when_it_is_granted() {
    let scratch = Scratch::new();
    scratch.file("real/notes.txt", "one\ntwo\n");
    symlink("real", scratch.path().join("link")).expect("a link");
    let link = scratch.path().join("link");
    let dir = format!("{}:/workspace:ro", link.display());
    let wc = tool("wc").display().to_string();
    let ran = cofferdam(
        &scratch,
        ["tool", "run", &wc, "--dir", &dir, "--", "-l", "notes.txt"],
    )
    .run()
    .exits(0);
    assert_eq!(ran.stdout, "2 notes.txt\n");
}

#[test]
fn every_call_finds_its_scratch_directory_empty() {
    let scratch = Scratch::new();
    let capabilities = scratch
        .file("capabilities.toml", manifest(&[("/tmp", "read-write")]))
        .display()
        .to_string();
    let component = guest("fs_tmp").display().to_string();
    let line = [
        "tool",
        "run",
        &component,
        "--capabilities",
        &capabilities,
        "--repeat",
        "3",
    ];
    let ran = cofferdam(&scratch, line).run().exits(0);
    assert_eq!(
        ran.stdout.matches("filled /tmp").count(),
        3,
        "{} {}",
        ran.stdout,
        ran.stderr
    );
    nothing_left(&scratch);
}

#[test]
fn a_directory_that_is_swapped_for_a_link_changes_nothing() {
    let scratch = Scratch::new();
    let agentfile = format!(
        "FROM scratch\nNAME swapped\nMODEL builtin/commands\nBIN wc {}\n",
        tool("wc").display()
    );
    let agentfile = scratch.file("Agentfile", agentfile).display().to_string();
    let copy_in = format!(
        "swapped:{}",
        scratch.file("notes.txt", "one\ntwo\n").display()
    );
    let host = Host::start(&scratch, ["--agentfile", &agentfile, "--copy-in", &copy_in]);
    let count = || content_of(&host.chat("swapped", "run wc -l notes.txt"), "tool.result");
    assert_eq!(count(), "2 notes.txt\n");
    scratch.file("elsewhere/notes.txt", "a secret\n");
    let tree = names(&scratch.data().join("agents"))
        .pop()
        .expect("an agent");
    std::fs::rename(tree.join("workspace"), tree.join("workspace.old")).expect("renamed");
    symlink(scratch.path().join("elsewhere"), tree.join("workspace")).expect("a link");
    assert_eq!(count(), "2 notes.txt\n");
}

/// A call that fills `/tmp` and then sleeps, once it has filled it.
fn sleeper(scratch: &Scratch) -> std::process::Child {
    let before = names_or_none(&scratch.data().join("scratch"));
    let child = tool_run(
        scratch,
        "fs_tmp",
        &[("/tmp", "read-write")],
        &[],
        &["sleep"],
    )
    .start();
    until(|| {
        let new = names_or_none(&scratch.data().join("scratch"));
        new.iter()
            .filter(|name| !before.contains(name))
            .any(|own| own.join("0/workspace").is_symlink())
    });
    child
}

fn names_or_none(directory: &Path) -> Vec<PathBuf> {
    if directory.exists() {
        names(directory)
    } else {
        Vec::new()
    }
}

#[track_caller]
fn until(happened: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < deadline, "it did not happen");
        thread::park_timeout(Duration::from_millis(5));
    }
}

fn ends(child: std::process::Child, signal: &str) -> Output {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
    child.wait_with_output().expect("the child is ours")
}

#[test]
fn what_a_killed_process_left_is_removed_and_what_lives_stays() {
    let scratch = Scratch::new();
    let (killed, living) = (sleeper(&scratch), sleeper(&scratch));
    ends(killed, "-KILL");
    assert_eq!(names(&scratch.data().join("scratch")).len(), 2);
    tool_run(&scratch, "args_echo", &[], &[], &[])
        .run()
        .exits(0);
    let left = names(&scratch.data().join("scratch"));
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(
        left[0].join("0/wide/499").exists(),
        "the living one is whole"
    );
    // A cancelled call takes its directory with it, too.
    let cancelled = ends(living, "-INT");
    let receipt: Value = serde_json::from_slice(&cancelled.stdout).expect("a receipt");
    assert_eq!(receipt["outcome"]["name"], "cancelled", "{receipt}");
    nothing_left(&scratch);
}

#[test]
fn a_planted_link_does_not_lead_what_is_copied_in() {
    let scratch = Scratch::new();
    let agentfile = scratch.file(
        "Agentfile",
        "FROM scratch\nNAME a\nMODEL builtin/commands\n",
    );
    let notes = scratch.file("n.txt", "copied\n");
    let copy = format!("a:{}", notes.display());
    let args = [
        "--agentfile".as_ref(),
        agentfile.as_os_str(),
        "--copy-in".as_ref(),
        copy.as_ref(),
    ];
    Host::start(&scratch, args).kill();
    let tree = std::fs::read_dir(scratch.data().join("agents"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    // What a tool with write access could leave behind: the name under which the host writes,
    // leading to its own file.
    symlink("../etc/Agentfile", tree.join("workspace/n.txt.new")).unwrap();
    let _host = Host::start(&scratch, args);
    assert_eq!(
        std::fs::read(tree.join("etc/Agentfile")).unwrap(),
        std::fs::read(&agentfile).unwrap()
    );
    assert_eq!(
        std::fs::read_to_string(tree.join("workspace/n.txt")).unwrap(),
        "copied\n"
    );
}
