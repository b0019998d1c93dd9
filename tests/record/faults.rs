use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

use serde_json::Value;

use super::{directory, echo, fault, holds, ls, segments, verify};
use crate::support::{Host, Scratch, Tmpfs, cofferdam, content_of, tool};

/// Kills of one run.
const KILLS: usize = 6;

/// Room for a host of one small agent, in KiB.
const SMALL: u32 = 24 << 10;

fn agentfile(scratch: &Scratch) -> [String; 2] {
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN echo {}\nBIN touch {}\n",
        tool("echo").display(),
        tool("touch").display()
    );
    let file = scratch.file("Agentfile", text);
    ["--agentfile".to_owned(), file.display().to_string()]
}

/// A call whose end a client has seen is in the trail, wherever the process is killed.
#[test]
fn a_killed_process_leaves_a_trail_that_holds_and_has_every_call_that_was_answered() {
    let scratch = Scratch::new();
    let echo = tool("echo").display().to_string();
    let mut answered = 0;
    for kill in 0..KILLS {
        let line = [
            "tool",
            "run",
            &echo,
            "--format",
            "json",
            "--repeat",
            "2000",
            "--concurrent",
            "8",
            "--",
            "x",
        ];
        let mut child = cofferdam(&scratch, line).start();
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut lines = lines.map_while(Result::ok);
        answered += lines.by_ref().take(5 + 37 * kill).count();
        child.kill().expect("a child");
        // Lines that it had told before.
        let rest: Vec<_> = lines.collect();
        answered += rest
            .iter()
            .filter(|line| serde_json::from_str::<Value>(line).is_ok())
            .count();
        child.wait().expect("a child");
        let verified = holds(&scratch);
        let recorded = usize::try_from(verified["calls"].as_u64().expect("a number"));
        assert!(
            recorded.expect("small") >= answered,
            "kill {kill}: {verified}"
        );
    }
    super::echo(&scratch, "last", &[]).exits(0);
    assert_eq!(holds(&scratch)["torn"], Value::Null);
}

#[test]
fn a_killed_host_has_recorded_what_its_clients_were_told() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let mut told = BTreeSet::new();
    for kill in 0..3 {
        let host = Host::start(&scratch, &file);
        for turn in 0..3 {
            let session = format!("{kill}-{turn}");
            let events = host.chat_in("a", &session, "run echo hello");
            assert_eq!(content_of(&events, "tool.result"), "hello\n");
            told.insert(session);
        }
        host.kill();
        let recorded: BTreeSet<_> = ls(&scratch, &["--agent", "a"])
            .iter()
            .map(|line| line["session"].as_str().expect("a session").to_owned())
            .collect();
        assert_eq!(recorded, told);
        holds(&scratch);
    }
}

#[test]
fn a_line_that_was_torn_is_cut_and_told() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let host = Host::start(&scratch, &file);
    host.chat("a", "run echo hello");
    host.kill();
    let segment = segments(&scratch).remove(0);
    let text = std::fs::read_to_string(&segment).unwrap();
    let torn = text.clone() + "{\"action\":\"call\",\"agent\":\"a";
    std::fs::write(&segment, torn).unwrap();
    let verified = holds(&scratch);
    assert_eq!(verified["torn"]["bytes"], 27, "{verified}");
    let mut host = Host::start(&scratch, &file);
    host.hears("was never completed: its 27 bytes were cut");
    host.chat("a", "run echo hello");
    assert_eq!(ls(&scratch, &[]).len(), 2);
    assert_eq!(holds(&scratch)["torn"], Value::Null);
}

/// The host stays up, and its agents' calls are refused with the place.
#[test]
fn a_host_on_a_damaged_trail_runs_no_call_and_says_why() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let host = Host::start(&scratch, &file);
    for _ in 0..2 {
        host.chat("a", "run echo hello");
    }
    assert_eq!(host.terminate(), Some(0));
    // The first call, long before the last checkpoint.
    let segment = segments(&scratch).remove(0);
    let text = std::fs::read_to_string(&segment).unwrap();
    std::fs::write(&segment, text.replacen("\"ok\"", "\"oK\"", 1)).unwrap();
    let mut host = Host::start(&scratch, &file);
    let said = host.hears("the audit trail is damaged");
    assert!(said.contains("000000000001.jsonl, line 2"), "{said}");
    let result = content_of(&host.chat("a", "run echo hello"), "tool.result");
    assert!(result.contains("so no call runs"), "{result}");
    // It did not run and fail then: a tool that writes has written nothing.
    let result = host.tool_result("a", "touch new.txt");
    assert!(result.contains("so no call runs"), "{result}");
    assert!(!has_file(&scratch, "new.txt"));
    assert_eq!(fault(&scratch)["line"], 2);
    assert_eq!(host.terminate(), Some(0));
    std::fs::rename(directory(&scratch), scratch.path().join("moved")).unwrap();
    let host = Host::start(&scratch, &file);
    let result = content_of(&host.chat("a", "run echo hello"), "tool.result");
    assert_eq!(result, "hello\n");
    host.tool_result("a", "touch new.txt");
    assert!(has_file(&scratch, "new.txt"));
}

/// True if a file is in the workspace of the only agent.
fn has_file(scratch: &Scratch, name: &str) -> bool {
    let mut agents = std::fs::read_dir(scratch.data().join("agents")).expect("agents");
    let agent = agents.next().expect("one").expect("an entry").path();
    agent.join("workspace").join(name).exists()
}

/// Needs root, for a small disk of its own, and says when it is skipped.
#[test]
fn calls_are_refused_on_a_full_disk_and_run_when_there_is_room() {
    let scratch = Scratch::new();
    let Some(disk) = Tmpfs::mount(scratch.data(), SMALL) else {
        return;
    };
    echo(&scratch, "one", &[]).exits(0);
    let ballast = disk.fill();
    // The page of the last line may have room for some.
    let mut refused = None;
    for _ in 0..20 {
        let ran = echo(&scratch, "two", &[]);
        if ran.code != Some(0) {
            refused = Some(ran);
            break;
        }
    }
    let refused = refused.expect("a call is refused").exits(1);
    assert_eq!(refused.stdout, "");
    refused.complains(&["the audit trail cannot be written", "disk is full"]);
    verify(&scratch, &[]).exits(0);
    std::fs::remove_file(ballast).unwrap();
    echo(&scratch, "three", &[]).exits(0);
    holds(&scratch);
}

/// One process, whose disk fills up while it runs and has room again.
#[test]
fn a_host_goes_on_when_its_disk_has_room_again() {
    let scratch = Scratch::new();
    let audit = directory(&scratch);
    std::fs::create_dir_all(scratch.data()).unwrap();
    let Some(disk) = Tmpfs::mount(audit.clone(), 512) else {
        return;
    };
    let file = agentfile(&scratch);
    let mut host = Host::start(&scratch, &file);
    let say = |host: &Host<'_>| content_of(&host.chat("a", "run echo hello"), "tool.result");
    assert_eq!(say(&host), "hello\n");
    let ballast = disk.fill();
    let mut refused = String::new();
    for _ in 0..20 {
        refused = say(&host);
        if refused != "hello\n" {
            break;
        }
    }
    assert!(refused.contains("disk is full"), "{refused}");
    host.hears("the audit trail cannot be written");
    // Everything else goes on.
    cofferdam(&scratch, ["ps"]).run().exits(0);
    std::fs::remove_file(ballast).unwrap();
    assert_eq!(say(&host), "hello\n");
    host.hears("the audit trail is written again");
    assert_eq!(host.terminate(), Some(0));
    holds(&scratch);
}
