//! Standard input of `tool run`: read when the tool asks for it, and not before.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Ran, Scratch, binary, cofferdam, guest, tool};

/// The time that a command may take which does not wait for its input.
const PATIENCE: Duration = Duration::from_secs(60);

/// `tool run` with its standard input open, and nothing in it.
fn with_open_input(scratch: &Scratch, args: &[&str]) -> Child {
    Command::new(binary())
        .envs(scratch.variables())
        .args(["tool", "run", "--format", "json"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts")
}

/// Waits for the end while the input stays open, and returns the receipt.
#[track_caller]
fn receipt(mut child: Child) -> Value {
    let input = child.stdin.take();
    let output = child.wait_with_output().expect("it ends");
    drop(input);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn run(scratch: &Scratch, name: &str, args: &[&str], stdin: impl Into<Vec<u8>>) -> Ran {
    let component = tool(name).display().to_string();
    let line = ["tool", "run", &component, "--format", "json", "--"];
    cofferdam(scratch, line.iter().chain(args))
        .stdin(stdin)
        .run()
}

#[test]
fn a_tool_that_reads_no_input_does_not_wait_for_its_end() {
    let scratch = Scratch::new();
    let echo = tool("echo").display().to_string();
    let began = Instant::now();
    let said = receipt(with_open_input(&scratch, &[&echo, "--", "hi"]));
    assert_eq!(said["stdout"], "hi\n", "{said}");
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[test]
fn a_tool_that_waits_for_its_input_ends_at_its_deadline() {
    let scratch = Scratch::new();
    let cat = tool("cat").display().to_string();
    let late = receipt(with_open_input(&scratch, &["--wall", "500ms", &cat]));
    assert_eq!(late["outcome"]["name"], "deadline", "{late}");
    assert!(late["wall_us"].as_u64().unwrap() >= 500_000, "{late}");
}

#[test]
fn input_that_comes_in_pieces_is_read_as_it_comes() {
    let scratch = Scratch::new();
    let cat = tool("cat").display().to_string();
    let mut child = with_open_input(&scratch, &[&cat]);
    let mut input = child.stdin.take().expect("piped");
    for piece in ["one\n", "two\n", "three\n"] {
        input.write_all(piece.as_bytes()).expect("it is read");
        input.flush().expect("it is read");
    }
    drop(input);
    let said = receipt(child);
    assert_eq!(said["stdout"], "one\ntwo\nthree\n", "{said}");
    assert_eq!(said["bytes_in"], 14, "{said}");
}

#[test]
fn every_call_of_a_repetition_reads_the_input_from_its_beginning() {
    let scratch = Scratch::new();
    let wc = tool("wc").display().to_string();
    let line = [
        "tool",
        "run",
        &wc,
        "--repeat",
        "5",
        "--concurrent",
        "2",
        "--",
        "-c",
    ];
    let ran = cofferdam(&scratch, line)
        .stdin(vec![b'x'; 300_000])
        .run()
        .exits(0);
    assert_eq!(ran.stdout, "300000\n".repeat(5));
}

#[test]
fn input_beyond_its_limit_ends_the_call_that_reads_it() {
    let scratch = Scratch::new();
    let most = 4 << 20;
    let whole = run(&scratch, "wc", &["-c"], vec![b'x'; most])
        .exits(0)
        .json();
    assert_eq!(whole["stdout"], format!("{most}\n"), "{whole}");
    let refused = run(&scratch, "wc", &["-c"], vec![b'x'; most + 1])
        .exits(3)
        .json();
    let reason = refused["outcome"]["reason"].as_str().unwrap();
    assert!(
        reason.contains("more than 4194304 bytes") && reason.contains("(limit `stdin`)"),
        "{refused}"
    );
    // Nobody asked for it.
    let unread = run(&scratch, "echo", &["hi"], vec![b'x'; most + 1])
        .exits(0)
        .json();
    assert_eq!(unread["stdout"], "hi\n", "{unread}");
}

/// The directory that every guest has, with nothing of the host in it.
#[test]
fn the_names_that_every_program_knows_are_there_without_a_grant() {
    let scratch = Scratch::new();
    let cases: [(&str, &[&str], &str, &str); 12] = [
        ("cat", &["/dev/stdin"], "in\n", "in\n"),
        ("cat", &["/dev/null"], "in\n", ""),
        ("wc", &["-c", "/dev/stdin"], "four", "4 /dev/stdin\n"),
        ("tee", &["/dev/null"], "out", "out"),
        ("tee", &["/dev/stdout"], "out", "outout"),
        ("ls", &["/dev"], "", "null\nstderr\nstdin\nstdout\n"),
        ("sort", &["/dev/stdin"], "b\na\n", "a\nb\n"),
        ("tail", &["-n1", "/dev/stdin"], "b\na\n", "a\n"),
        ("head", &["-n1", "/dev/stdin"], "b\na\n", "b\n"),
        (
            "grep",
            &["-c", "a", "/dev/stdin", "/dev/null"],
            "a\n",
            "/dev/stdin:1\n/dev/null:0\n",
        ),
        ("jq", &["-c", ".", "/dev/stdin"], "{ }", "{}\n"),
        ("rg", &["-c", "a", "/dev/stdin"], "a\n", "1\n"),
    ];
    for (name, args, stdin, stdout) in cases {
        let said = run(&scratch, name, args, stdin).exits(0).json();
        assert_eq!(said["stdout"], stdout, "{name} {args:?}: {said}");
        assert_eq!(said["directories"], serde_json::json!({}), "{said}");
    }
    let said = run(&scratch, "tee", &["/dev/stderr"], "told")
        .exits(0)
        .json();
    assert_eq!(
        (&said["stdout"], &said["stderr"]),
        (&"told".into(), &"told".into()),
        "{said}"
    );
}

#[test]
fn null_is_a_file_like_others_to_those_that_copy_it() {
    let scratch = Scratch::new();
    scratch.file("workspace/full", "full");
    let cp = tool("cp").display().to_string();
    let line = |args: [&'static str; 2]| {
        let head = ["tool", "run", "--dir", "workspace:/workspace", &cp, "--"].map(str::to_owned);
        head.into_iter()
            .chain(args.map(str::to_owned))
            .collect::<Vec<_>>()
    };
    cofferdam(&scratch, line(["/dev/null", "full"]))
        .run()
        .exits(0);
    assert_eq!(
        std::fs::read(scratch.path().join("workspace/full")).unwrap(),
        b""
    );
    cofferdam(&scratch, line(["/dev/stdin", "new"]))
        .stdin("new")
        .run()
        .exits(0);
    assert_eq!(
        std::fs::read(scratch.path().join("workspace/new")).unwrap(),
        b"new"
    );
}

/// A directory that the operator grants under this name is the one that the tool sees.
#[test]
fn a_granted_directory_stands_for_itself() {
    let scratch = Scratch::new();
    scratch.file("devices/mine", "mine");
    let manifest = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n\
                    [[fs]]\npath = \"/dev\"\naccess = \"read-only\"\nreason = \"to try\"\n";
    let manifest = scratch.file("t.toml", manifest).display().to_string();
    let cat = tool("cat").display().to_string();
    let line = [
        "tool",
        "run",
        "--capabilities",
        &manifest,
        "--dir",
        "devices:/dev:ro",
        &cat,
        "--",
    ];
    let ran = cofferdam(&scratch, line.iter().chain(&["/dev/mine"]))
        .run()
        .exits(0);
    assert_eq!(ran.stdout, "mine");
    cofferdam(&scratch, line.iter().chain(&["/dev/null"]))
        .run()
        .exits(1);
}

/// Guests that use the plain bindings hold no more devices than files.
#[test]
fn devices_count_as_open_files() {
    let scratch = Scratch::new();
    let guest = guest("fs_dev").display().to_string();
    let line = [
        "tool",
        "run",
        "--format",
        "json",
        "--limit",
        "open-files=5",
        &guest,
        "--",
        "open",
    ];
    let said = cofferdam(&scratch, line).run().exits(1).json();
    assert!(
        said["stderr"].as_str().unwrap().contains("5 are open"),
        "{said}"
    );
    assert_eq!(said["files_opened"], 5, "{said}");
}
