//! The life of agents: made, started, stopped, removed, and followed from outside.

use std::io::{BufRead, BufReader};
use std::process::Child;

use serde_json::Value;

use crate::support::grpc::client;
use crate::support::{Host, Scratch, cofferdam, content_of, guest};

use super::faults::{agentfile, agents, nothing};

/// An Agentfile for the agent `name` with a tool `one` that does nothing.
fn quiet(scratch: &Scratch, name: &str) -> String {
    nothing(scratch, &format!("{name}/one.wasm"));
    agentfile(scratch, name, "BIN one ./one.wasm")
        .display()
        .to_string()
}

/// An Agentfile for the agent `name` with a tool `spin` that never ends by itself.
fn busy(scratch: &Scratch, name: &str) -> String {
    let lines = format!("BIN spin {}", guest("cpu_spin").display());
    agentfile(scratch, name, &lines).display().to_string()
}

/// The value of `key` of the agent `name`, as `inspect` has it.
#[track_caller]
fn inspected(scratch: &Scratch, name: &str, key: &str) -> String {
    let agent = cofferdam(scratch, ["inspect", name, "--format", "json"])
        .run()
        .exits(0)
        .json();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    text(&agent[key]).unwrap_or_else(|| agent[key].to_string())
}

/// Begins a turn that does not end, and waits until its tool is called.
#[track_caller]
fn begin_turn(scratch: &Scratch, agent: &str) -> Child {
    let line = ["chat", agent, "run spin", "--format", "json"];
    let mut child = cofferdam(scratch, line).start();
    let mut events = BufReader::new(child.stdout.take().expect("piped")).lines();
    let called = events.any(|event| event.expect("text").contains("tool.call"));
    assert!(called, "the tool is called");
    child
}

#[test]
fn an_agent_lives_from_run_to_rm() {
    let scratch = Scratch::new();
    let file = quiet(&scratch, "a");
    let host = Host::start::<&str>(&scratch, []);
    let run = cofferdam(&scratch, ["run", &file]).run().exits(0);
    assert_eq!(run.stdout, "a\n");
    assert!(
        run.stderr.contains("next: cofferdam chat a"),
        "{}",
        run.stderr
    );
    let id = inspected(&scratch, "a", "id");
    host.chat_in("a", "kept", "run one");

    cofferdam(&scratch, ["stop", "a"]).run().exits(0);
    assert_eq!(inspected(&scratch, "a", "status"), "stopped");
    cofferdam(&scratch, ["chat", "a", "run one"])
        .run()
        .exits(1)
        .complains(&["it is stopped", "cofferdam start a"]);
    cofferdam(&scratch, ["stop", "a"])
        .run()
        .exits(1)
        .complains(&["stopped already", "cofferdam start a"]);
    host.kill();

    // Stopped agents stay stopped.
    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(inspected(&scratch, "a", "status"), "stopped");
    // An id, and the beginning of one, name it too.
    let started = cofferdam(&scratch, ["start", &id[..8]]).run().exits(0);
    assert_eq!(started.stdout, "a\n");
    cofferdam(&scratch, ["start", &id])
        .run()
        .exits(1)
        .complains(&["runs already"]);
    assert!(!content_of(&host.chat("a", "run one"), "tool.result").is_empty());
    cofferdam(&scratch, ["restart", "a"]).run().exits(0);
    let shown = cofferdam(&scratch, ["sessions", "show", "kept"])
        .run()
        .exits(0)
        .stdout;
    assert!(shown.contains("run one"), "{shown}");

    cofferdam(&scratch, ["rm", "a", "nobody"])
        .run()
        .exits(2)
        .complains(&["there is no agent `nobody`", "cofferdam run"]);
    assert_eq!(agents(&scratch), []);
    assert!(!scratch.data().join("agents").join(&id).exists());
    host.kill();
    let _host = Host::start::<&str>(&scratch, []);
    assert_eq!(agents(&scratch), []);
    // A new agent of its name has nothing of it.
    cofferdam(&scratch, ["run", &file]).run().exits(0);
    assert_ne!(inspected(&scratch, "a", "id"), id);
    let sessions = cofferdam(&scratch, ["sessions", "ls", "--format", "json"]).run();
    assert_eq!(sessions.exits(0).json(), serde_json::json!([]));
}

#[test]
fn of_many_who_take_one_name_one_gets_it() {
    let scratch = Scratch::new();
    let file = quiet(&scratch, "a");
    let _host = Host::start::<&str>(&scratch, []);
    let run = |_| cofferdam(&scratch, ["run", &file]).start();
    let started: Vec<_> = (0..8).map(run).collect();
    let ended = started
        .into_iter()
        .map(|child| child.wait_with_output().expect("it ends"));
    let ended: Vec<_> = ended
        .map(|output| {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.code(), said)
        })
        .collect();
    let made = ended.iter().filter(|(code, _)| *code == Some(0)).count();
    assert_eq!(made, 1, "{ended:?}");
    for (code, said) in ended.iter().filter(|(code, _)| *code != Some(0)) {
        assert_eq!(*code, Some(1));
        assert!(said.contains("there is an agent `a` already"), "{said}");
        assert!(said.contains("--replace"), "{said}");
    }
    assert_eq!(agents(&scratch).len(), 1);
    let trees = std::fs::read_dir(scratch.data().join("agents")).unwrap();
    assert_eq!(trees.count(), 1);
}

#[test]
fn an_agent_that_cannot_be_made_leaves_nothing() {
    let scratch = Scratch::new();
    let host = Host::start::<&str>(&scratch, []);
    let empty = || {
        assert_eq!(agents(&scratch), []);
        let trees = std::fs::read_dir(scratch.data().join("agents")).unwrap();
        assert_eq!(trees.count(), 0);
    };
    for (lines, part) in [
        ("BIN one ./nowhere.wasm", "nowhere.wasm"),
        ("MODLE a/b", "MODLE"),
        ("BIN one ./Agentfile", "BIN one"),
    ] {
        let file = agentfile(&scratch, "a", lines).display().to_string();
        cofferdam(&scratch, ["run", &file])
            .run()
            .exits(2)
            .complains(&[part]);
        empty();
    }
    let nowhere = scratch.path().join("nowhere").display().to_string();
    cofferdam(&scratch, ["run", &nowhere])
        .run()
        .exits(2)
        .complains(&["nowhere"]);
    let file = quiet(&scratch, "a");
    cofferdam(&scratch, ["run", &file, "--name", "no name"])
        .run()
        .exits(2)
        .complains(&["an agent's name is 1 to 63"]);
    empty();
    host.kill();
    let _host = Host::start::<&str>(&scratch, []);
    empty();
}

#[test]
fn a_new_version_takes_the_place_of_the_old_one_when_it_works() {
    let scratch = Scratch::new();
    let file = quiet(&scratch, "a");
    let host = Host::start::<&str>(&scratch, []);
    cofferdam(&scratch, ["run", &file]).run().exits(0);
    let id = inspected(&scratch, "a", "id");
    host.chat_in("a", "kept", "run one");
    agentfile(&scratch, "a", "BIN two ./nowhere.wasm");
    cofferdam(&scratch, ["run", &file, "--replace"])
        .run()
        .exits(2)
        .complains(&["nowhere.wasm"]);
    assert_eq!(inspected(&scratch, "a", "tools"), r#"["one"]"#);
    assert!(!host.chat("a", "run one").is_empty());
    agentfile(&scratch, "a", "BIN two ./one.wasm");
    cofferdam(&scratch, ["run", &file, "--replace"])
        .run()
        .exits(0);
    assert_eq!(inspected(&scratch, "a", "tools"), r#"["two"]"#);
    assert_eq!(inspected(&scratch, "a", "id"), id);
    cofferdam(&scratch, ["sessions", "show", "kept"])
        .run()
        .exits(0);

    // The same Agentfile under another name is another agent, also after a restart.
    cofferdam(&scratch, ["run", &file, "--name", "b"])
        .run()
        .exits(0);
    host.kill();
    let host = Host::start::<&str>(&scratch, []);
    let names: Vec<_> = agents(&scratch)
        .into_iter()
        .map(|(name, ..)| name)
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert!(!host.chat("b", "run two").is_empty());
    cofferdam(&scratch, ["tool", "inspect", "--agent", "b"])
        .run()
        .exits(0);
}

#[test]
fn an_agent_works_while_a_turn_runs_and_is_not_removed_then() {
    let scratch = Scratch::new();
    let file = busy(&scratch, "a");
    let _host = Host::start(&scratch, ["--agentfile", &file]);
    let turn = begin_turn(&scratch, "a");
    assert_eq!(inspected(&scratch, "a", "status"), "working");
    cofferdam(&scratch, ["rm", "a"])
        .run()
        .exits(1)
        .complains(&["1 turn running", "rm -f a"]);
    cofferdam(&scratch, ["stop", "a"]).run().exits(0);
    assert_eq!(inspected(&scratch, "a", "status"), "stopped");
    let ended = turn.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(
        said.contains("it was stopped or removed, which ended the turn"),
        "{said}"
    );
    // Its prompt and its call are stored.
    let sessions = cofferdam(&scratch, ["sessions", "ls", "--format", "json"])
        .run()
        .exits(0)
        .json();
    assert_eq!(sessions[0]["message_count"], 2, "{sessions}");

    cofferdam(&scratch, ["start", "a"]).run().exits(0);
    let turn = begin_turn(&scratch, "a");
    cofferdam(&scratch, ["rm", "-f", "a"]).run().exits(0);
    assert_eq!(agents(&scratch), []);
    turn.wait_with_output().expect("it ends");
}

#[test]
fn stats_sum_the_calls_of_each_tool() {
    let scratch = Scratch::new();
    let file = quiet(&scratch, "a");
    let host = Host::start(&scratch, ["--agentfile", &file]);
    let stats = || {
        let stats = cofferdam(&scratch, ["stats", "--format", "json"]).run();
        stats.exits(0).json()[0]["tools"].clone()
    };
    assert_eq!(stats(), serde_json::json!([]));
    for _ in 0..3 {
        host.chat("a", "run one");
    }
    let tools = stats();
    assert_eq!(tools[0]["tool"], "one");
    assert_eq!(tools[0]["calls"], 3);
    assert_eq!(tools[0]["failed"], 0);
    assert!(tools[0]["fuel"].as_u64() > Some(0), "{tools}");
    assert!(tools[0]["wall_us"].as_u64() > Some(0), "{tools}");
    let table = cofferdam(&scratch, ["stats", "a"]).run().exits(0).stdout;
    assert!(table.contains("PEAK MEMORY"), "{table}");
}

#[test]
fn a_host_takes_no_more_agents_than_it_may() {
    let scratch = Scratch::new();
    scratch.file("data/cofferdam.toml", "[host]\nagents = 1\n");
    let a = quiet(&scratch, "a");
    let b = quiet(&scratch, "b");
    let _host = Host::start::<&str>(&scratch, []);
    cofferdam(&scratch, ["run", &a]).run().exits(0);
    cofferdam(&scratch, ["run", &b]).run().exits(1).complains(&[
        "this host has 1 agents",
        "cofferdam rm",
        "[host]",
    ]);
    cofferdam(&scratch, ["rm", "a"]).run().exits(0);
    cofferdam(&scratch, ["run", &b]).run().exits(0);
}

#[test]
fn a_failed_agent_is_told_with_its_reason_and_can_be_mended() {
    let scratch = Scratch::new();
    let file = quiet(&scratch, "a");
    let host = Host::start(&scratch, ["--agentfile", &file]);
    host.chat_in("a", "kept", "run one");
    let kept = scratch
        .data()
        .join("agents")
        .join(inspected(&scratch, "a", "id"))
        .join("etc/Agentfile");
    host.kill();
    let whole = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, "FORM scratch\n").unwrap();
    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(inspected(&scratch, "a", "status"), "failed");
    assert_eq!(inspected(&scratch, "a", "failure_reason"), "config");
    let table = cofferdam(&scratch, ["ps"]).run().exits(0).stdout;
    assert!(table.contains("failed (config):"), "{table}");
    cofferdam(&scratch, ["start", "a"])
        .run()
        .exits(1)
        .complains(&["failed (config)", "FORM", "cofferdam start a"]);
    std::fs::write(&kept, whole).unwrap();
    cofferdam(&scratch, ["start", "a"]).run().exits(0);
    host.chat_in("a", "kept", "run one");
    let sessions = cofferdam(&scratch, ["sessions", "ls", "--format", "json"])
        .run()
        .exits(0)
        .json();
    assert_eq!(sessions[0]["message_count"], 4, "{sessions}");
}

#[test]
fn a_foreign_client_takes_an_agent_through_its_life() {
    let scratch = Scratch::new();
    let file = quiet(&scratch, "a");
    let host = Host::start::<&str>(&scratch, []);
    let told = client(&scratch, &host, &["life", &file]);
    assert_eq!(told["created"]["status"], "ready", "{told}");
    assert_eq!(told["created"]["first_generation_status"], "running");
    assert_eq!(told["steps"][0], "pulling", "{told}");
    let seen = told["seen"].as_array().expect("a list");
    let seen: Vec<_> = seen.iter().map(|state| state.as_str().unwrap()).collect();
    assert_eq!(seen.first(), Some(&"ready"), "{told}");
    assert_eq!(seen.last(), Some(&"removed"), "{told}");
    assert!(seen.contains(&"stopped"), "{told}");
    assert_eq!(told["stats"], serde_json::json!([["one", 1]]));
    assert_eq!(told["twice"][0], "FAILED_PRECONDITION", "{told}");
    assert_eq!(told["taken"][0], "ALREADY_EXISTS", "{told}");
    assert_eq!(told["unknown"][0], "NOT_FOUND", "{told}");
    assert_eq!(told["relative"][0], "INVALID_ARGUMENT", "{told}");
    assert_eq!(agents(&scratch), []);
}

/// Agents are made ready in the background; one that is asked for is waited for.
#[test]
fn many_agents_are_restored_while_clients_are_served() {
    let scratch = Scratch::new();
    let files: Vec<_> = (0..30)
        .map(|n| quiet(&scratch, &format!("a{n:02}")))
        .collect();
    let args = files.iter().flat_map(|file| ["--agentfile", file]);
    Host::start(&scratch, args).kill();
    let mut child = cofferdam(&scratch, ["serve"]).start();
    let mut said = BufReader::new(child.stderr.take().expect("piped")).lines();
    let listens = said.any(|line| line.expect("text").contains("listening on "));
    assert!(listens);
    // The last one by name, at once.
    cofferdam(&scratch, ["chat", "a29", "run one"])
        .run()
        .exits(0);
    assert!(said.any(|line| line.expect("text").contains("next: ")));
    let states: Vec<_> = agents(&scratch)
        .into_iter()
        .map(|(_, state, _)| state)
        .collect();
    assert_eq!(states, ["ready"; 30]);
    child.kill().unwrap();
    child.wait().unwrap();
}
