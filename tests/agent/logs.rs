//! The log of an agent, and that of the host as JSON.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Cofferdam, Host, Ran, Scratch, cofferdam, tool};

fn agentfile(scratch: &Scratch) -> PathBuf {
    let echo = tool("echo");
    scratch.file(
        "Agentfile",
        format!(
            "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN echo {}\n",
            echo.display()
        ),
    )
}

fn logs(scratch: &Scratch, args: &[&str]) -> Cofferdam {
    cofferdam(scratch, ["logs", "a"].iter().chain(args))
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

/// The only log of a data directory.
fn file(scratch: &Scratch) -> PathBuf {
    let mut found = std::fs::read_dir(scratch.data().join("logs")).expect("a directory");
    found.next().expect("a log").expect("a log").path()
}

/// The events of a log, once the last of them is there.
#[track_caller]
fn events(scratch: &Scratch, last: &str) -> Vec<Value> {
    let mut following = logs(scratch, &["-f", "--format", "json"]).start();
    let mut seen = Vec::new();
    for line in BufReader::new(following.stdout.take().expect("piped")).lines() {
        let line: Value = serde_json::from_str(&line.expect("text")).expect("JSON");
        let is_last = line["event"] == last;
        seen.push(line);
        if is_last {
            break;
        }
    }
    following.kill().expect("it is ours");
    following.wait().expect("it is ours");
    seen
}

#[test]
fn a_log_has_turns_calls_and_outcomes() {
    let scratch = Scratch::new();
    let file_of_agent = agentfile(&scratch);
    let host = Host::start(
        &scratch,
        ["--agentfile".as_ref(), file_of_agent.as_os_str()],
    );
    // A session is called as its client likes.
    let session = "s\u{1b}[2J\u{202e}x";
    host.chat_in("a", session, "run echo hello");
    let seen = events(&scratch, "turn-ended");
    let kinds: Vec<_> = seen
        .iter()
        .map(|line| line["event"].as_str().expect("text"))
        .collect();
    let (states, seen): (Vec<_>, Vec<_>) = seen.iter().partition(|line| line["event"] == "status");
    assert_eq!(
        kinds[states.len()..],
        ["turn-begun", "tool-call", "turn-ended"]
    );
    let last = states.last().expect("a state");
    assert_eq!(last["status"], "ready");
    assert_eq!(seen[0]["prompt-bytes"], 14);
    assert_eq!(seen[0]["model"], "builtin/commands");
    let call = &seen[1];
    assert_eq!(
        (&call["tool"], &call["outcome"]),
        (&"echo".into(), &"ok".into())
    );
    assert!(call["fuel"].as_u64().expect("a number") > 0, "{call}");
    assert!(seen[2]["ms"].is_u64() && seen[2].get("failure").is_none());
    let log = file(&scratch);
    let text = std::fs::read_to_string(&log).expect("a log");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert!(
        !text.contains("hello"),
        "what was said is in the session alone: {text}"
    );
    let mode = std::fs::metadata(&log).expect("a log").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // For people, by a beginning of the id, and a part of it.
    let id = log
        .file_stem()
        .expect("a name")
        .to_str()
        .expect("text")
        .to_owned();
    let whole = logs(&scratch, &[]).run().exits(0).stdout;
    assert!(
        whole.contains("tool-call") && whole.contains("outcome=ok"),
        "{whole}"
    );
    assert_eq!(whole.lines().count(), kinds.len());
    let by_id = cofferdam(&scratch, ["logs", &id[..8]])
        .run()
        .exits(0)
        .stdout;
    assert_eq!(by_id, whole);
    let tail = logs(&scratch, &["--tail", "1", "--format", "json"])
        .run()
        .exits(0);
    assert_eq!(lines(&tail).len(), 1);
    assert_eq!(lines(&tail)[0]["event"], "turn-ended");
    let recent = logs(&scratch, &["--since", "1h", "--format", "json"])
        .run()
        .exits(0);
    assert_eq!(lines(&recent).len(), kinds.len());
    let since = ["--since", "2100-01-01T00:00:00Z"];
    assert_eq!(logs(&scratch, &since).run().exits(0).stdout, "");
    logs(&scratch, &["--since", "yesterday"]).run().exits(2);
    let unknown = cofferdam(&scratch, ["logs", "nobody"]).run().exits(2);
    unknown.complains(&["nobody", "the agents are: a"]);

    // A failed call and a turn that fails say why; without a host the log is still there.
    host.chat_in("a", "t", "run nothing");
    host.terminate();
    let after = logs(&scratch, &["--format", "json"]).run().exits(0);
    let after = lines(&after);
    assert!(after.len() > kinds.len(), "{after:?}");
}

#[test]
fn the_log_of_the_host_is_json_on_request() {
    let scratch = Scratch::new();
    let file_of_agent = agentfile(&scratch);
    let variable = [("COFFERDAM_LOG_FORMAT", "json")];
    let mut host = Host::start_with(
        &scratch,
        ["--agentfile".as_ref(), file_of_agent.as_os_str()],
        &variable,
    );
    host.chat("a", "run echo hello");
    let call = host.hears("\"tool call\"");
    let call: Value = serde_json::from_str(&call).expect("JSON");
    assert_eq!(call["level"], "INFO");
    assert_eq!(
        (&call["tool"], &call["outcome"]),
        (&"echo".into(), &"ok".into())
    );
    assert!(call["fuel"].is_u64() && call["time"].is_string(), "{call}");
    // The sentences for its operator too.
    let listening: Value = serde_json::from_str(&host.hears("listening on")).expect("JSON");
    assert!(
        listening["message"]
            .as_str()
            .expect("text")
            .starts_with("listening on")
    );
    // A failed turn, a call that is refused, and the end of the host.
    host.chat("a", "run nothing");
    let ran = cofferdam(&scratch, ["chat", "a", " "]).run();
    ran.exits(2);
    host.signal("HUP");
    host.hears("reloaded");
    for line in host.last_words() {
        assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
    }
    let ran = cofferdam(&scratch, ["ps"])
        .env("COFFERDAM_LOG_FORMAT", "xml")
        .run();
    ran.exits(2).complains(&["COFFERDAM_LOG_FORMAT", "`json`"]);
}
