//! Exit codes of commands, as README.md and `--help` tell them.

use std::io::{BufRead, BufReader};

use crate::support::{Scratch, checkout, cofferdam, guest, tool};

/// Every exit code there is.
const CODES: [i32; 5] = [0, 1, 2, 3, 130];

#[test]
fn the_page_and_the_help_tell_every_exit_code() {
    let scratch = Scratch::new();
    let page = std::fs::read_to_string(checkout().join("README.md")).expect("the page is there");
    let helps = [&["--help"][..], &["tool", "run", "--help"]];
    let helps = helps.map(|line| cofferdam(&scratch, line).run().exits(0).stdout);
    for code in CODES {
        let row = format!("| {code} |");
        assert!(page.lines().any(|line| line.starts_with(&row)), "{row}");
        for help in &helps {
            let (_, codes) = help.split_once("Exit codes:").expect("the codes");
            let line = format!("{code} ");
            assert!(
                codes
                    .lines()
                    .any(|told| told.trim_start().starts_with(&line))
            );
        }
    }
}

#[test]
fn a_run_ends_with_the_code_of_its_kind() {
    let scratch = Scratch::new();
    let run = |component: std::path::PathBuf, rest: &[&str]| {
        let line = ["tool".as_ref(), "run".as_ref(), component.as_os_str()];
        let rest = rest.iter().map(std::ffi::OsStr::new);
        cofferdam(&scratch, line.into_iter().chain(rest)).run().code
    };
    assert_eq!(run(tool("echo"), &["--", "hi"]), Some(0));
    assert_eq!(run(tool("false"), &[]), Some(1));
    assert_eq!(run(tool("echo"), &["--memory", "much"]), Some(2));
    // Bad input: what cannot be read, and what does not fit the schema of the tool.
    assert_eq!(run(tool("text-stats"), &["--", "{"]), Some(2));
    assert_eq!(run(tool("text-stats"), &["--", "{}"]), Some(3));
    assert_eq!(run(guest("cpu_spin"), &["--fuel", "1_000_000"]), Some(3));
}

#[test]
fn an_interrupted_run_ends_with_130_and_a_receipt() {
    let scratch = Scratch::new();
    let sleeper = guest("clock_sleep");
    let line = ["tool".as_ref(), "run".as_ref(), sleeper.as_os_str()];
    let receipt = ["--receipt".as_ref()];
    let mut child = cofferdam(&scratch, line.into_iter().chain(receipt)).start();
    let stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = stderr.lines().map_while(Result::ok);
    assert!(said.any(|line| line.starts_with("loaded in")));
    let pid = child.id().to_string();
    let kill = std::process::Command::new("kill")
        .args(["-s", "INT", &pid])
        .status();
    assert!(kill.expect("kill runs").success());
    let rest: Vec<_> = said.collect();
    assert_eq!(child.wait().expect("ours").code(), Some(130), "{rest:?}");
    let outcome = rest.iter().find(|line| line.starts_with("outcome"));
    assert!(
        outcome.is_some_and(|line| line.contains("cancelled")),
        "{rest:?}"
    );
}

/// Before any tool is compiled and any agent made.
#[test]
fn a_file_to_copy_that_cannot_be_read_is_told_first() {
    let scratch = Scratch::with_own_cache();
    let file = scratch.file(
        "Agentfile",
        format!(
            "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN echo {}\n",
            tool("echo").display()
        ),
    );
    scratch.directory("notes");
    for (copy, parts) in [
        ("a:nowhere.txt", ["--copy-in a:nowhere.txt", "No such file"]),
        ("a:notes", ["--copy-in a:notes", "it is not a file"]),
        (
            "nowhere.txt",
            ["--copy-in nowhere.txt", "expected AGENT:FILE"],
        ),
    ] {
        let line = ["serve".as_ref(), "--agentfile".as_ref(), file.as_os_str()];
        let copy = ["--copy-in".as_ref(), std::ffi::OsStr::new(copy)];
        let ran = cofferdam(&scratch, line.into_iter().chain(copy))
            .run()
            .exits(2);
        let ran = ran.complains(&parts);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(!scratch.data().join("agents").exists());
    }
}

#[test]
fn a_file_for_an_agent_that_is_not_there_ends_the_start() {
    let scratch = Scratch::new();
    let file = scratch.file(
        "Agentfile",
        "FROM scratch\nNAME a\nMODEL builtin/commands\n",
    );
    scratch.file("notes.txt", "x");
    let line = ["serve".as_ref(), "--agentfile".as_ref(), file.as_os_str()];
    let copy = ["--copy-in", "nope:notes.txt"].map(std::ffi::OsStr::new);
    cofferdam(&scratch, line.into_iter().chain(copy))
        .run()
        .exits(2)
        .complains(&["--copy-in nope:notes.txt", "there is no agent `nope`"]);
}

/// The variable of the data directory is set in every test.
#[test]
fn a_usage_line_has_no_flag_that_a_variable_sets() {
    let scratch = Scratch::new();
    let ran = cofferdam(&scratch, ["logs"]).run().exits(2);
    assert!(
        ran.stderr.contains("cofferdam logs <AGENT>"),
        "{}",
        ran.stderr
    );
}

/// The first use of a component is told while it is compiled.
#[test]
fn a_compilation_that_takes_a_while_is_told() {
    let scratch = Scratch::with_own_cache();
    let yq = tool("yq");
    let line = ["tool".as_ref(), "run".as_ref(), yq.as_os_str()];
    let flags = ["--", "-n", "1"].map(std::ffi::OsStr::new);
    let run = || {
        cofferdam(&scratch, line.into_iter().chain(flags))
            .run()
            .exits(0)
            .stderr
    };
    let told = run();
    assert!(
        told.starts_with("compiling ") && told.contains("yq.wasm (") && told.contains("MiB"),
        "{told}"
    );
    assert!(!run().contains("compiling"), "it is compiled once");
    let scratch = Scratch::with_own_cache();
    let server = crate::support::mcp::Server::start(&scratch, [yq.as_os_str()]);
    let told = server.complains("compiling ");
    assert!(told.contains("yq.wasm ("), "{told}");
}
