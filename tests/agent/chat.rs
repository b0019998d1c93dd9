//! Turns: events in their order, failures back to the model, cancelling, sessions that survive.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Host, Scratch, binary, cofferdam, content_of, guest, tool};

fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

/// An agent `a` with this model and these lines.
fn agentfile(scratch: &Scratch, model: &str, lines: &str) -> std::path::PathBuf {
    scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL {model}\n{lines}\n"),
    )
}

#[test]
fn a_turn_is_told_in_its_order() {
    let scratch = Scratch::new();
    scratch.file(
        "turns.jsonl",
        "{\"text\": \"I look.\", \"tool_calls\": [\
         {\"name\": \"wc\", \"arguments\": {\"args\": [\"-l\", \"n.txt\"]}}, \
         {\"name\": \"wc\", \"arguments\": {\"args\": \"[\\\"-c\\\", \\\"n.txt\\\"]\"}}]}\n\
         {\"text\": \"Three lines.\"}\n",
    );
    let notes = scratch.file("n.txt", "1\n2\n3\n");
    let file = agentfile(
        &scratch,
        "script/turns.jsonl",
        &format!("BIN wc {}", tool("wc").display()),
    );
    let copy = format!("a:{}", notes.display());
    let host = Host::start(
        &scratch,
        [
            "--agentfile".as_ref(),
            file.as_os_str(),
            "--copy-in".as_ref(),
            copy.as_ref(),
        ],
    );
    let events = host.chat("a", "how many lines?");
    let mut order = types(&events);
    order.dedup();
    let step = [
        "step.start",
        "text.delta",
        "tool.call",
        "tool.result",
        "tool.call",
        "tool.result",
        "step.finish",
    ];
    assert_eq!(order[..7], step);
    assert_eq!(
        order[7..],
        ["step.start", "text.delta", "step.finish", "message.create"]
    );
    assert_eq!(events.last().unwrap()["content"], "Three lines.");
    let results: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "tool.result")
        .collect();
    assert_eq!(results[0]["content"], "3 n.txt\n");
    // A model that wrote the list of arguments as a text is understood.
    assert_eq!(results[1]["content"], "6 n.txt\n");
    assert!(
        results
            .iter()
            .all(|result| result["duration_ms"].as_i64().unwrap() > 0)
    );
}

#[test]
fn a_failure_goes_back_to_the_model_with_its_reason() {
    let scratch = Scratch::new();
    let call = |name: &str, arguments: &str| {
        format!("{{\"tool_calls\": [{{\"name\": \"{name}\", \"arguments\": {arguments}}}]}}\n")
    };
    let mut turns = call("nope", "{}");
    turns += &call("wc", "{\"argv\": []}");
    turns += &call("wc", "{\"args\": [\"missing.txt\"]}");
    turns += &call("cpu_spin", "{}");
    turns += "{\"text\": \"I give up.\"}\n";
    scratch.file("turns.jsonl", turns);
    let bins = format!(
        "BIN wc {}\nBIN cpu_spin {}",
        tool("wc").display(),
        guest("cpu_spin").display()
    );
    let file = agentfile(&scratch, "script/turns.jsonl", &bins);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let events = host.chat("a", "go");
    let results: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "tool.result")
        .collect();
    let says = |index: usize, part: &str| {
        let content = results[index]["content"].as_str().unwrap();
        assert!(content.contains(part), "`{part}` is not in {content}");
    };
    says(0, "there is no tool `nope`; the tools are: cpu_spin, wc");
    says(1, "argv");
    says(2, "exit code 1");
    says(2, "missing.txt");
    says(3, "out-of-fuel (limit 20_000_000_000 of fuel)");
    assert_eq!(events.last().unwrap()["content"], "I give up.");
}

#[test]
fn a_model_that_never_stops_calling_is_stopped() {
    let scratch = Scratch::new();
    let call = "{\"tool_calls\": [{\"name\": \"echo\", \"arguments\": {\"args\": [\"again\"]}}]}\n";
    scratch.file("turns.jsonl", call.repeat(25));
    let file = agentfile(
        &scratch,
        "script/turns.jsonl",
        &format!("BIN echo {}", tool("echo").display()),
    );
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let ran = cofferdam(&scratch, ["chat", "a", "go", "--format", "json"]);
    let ran = ran.run().exits(1);
    let events: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    ran.complains(&["stopped after 20 steps"]);
    let steps = types(&events).into_iter();
    assert_eq!(steps.filter(|kind| *kind == "step.start").count(), 20);
    let last = events.last().unwrap();
    assert_eq!(last["type"], "message.create");
    assert_eq!(last["content"], "[stopped after 20 steps]");
    assert_eq!(last["stop_reason"], "max-iterations");
}

#[test]
fn leaving_a_turn_stops_its_guest() {
    let scratch = Scratch::new();
    let bins = format!(
        "BIN clock_sleep {}\nBIN echo {}",
        guest("clock_sleep").display(),
        tool("echo").display()
    );
    let file = agentfile(&scratch, "builtin/commands", &bins);
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut client = Command::new(binary())
        .args([
            "chat",
            "a",
            "run clock_sleep",
            "--new",
            "--session",
            "s",
            "--format",
            "json",
        ])
        .env("COFFERDAM_DATA_DIR", scratch.data())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The client goes when the call has begun.
    let mut events =
        std::io::BufRead::lines(std::io::BufReader::new(client.stdout.take().unwrap()));
    assert!(events.any(|line| line.unwrap().contains("tool.call")));
    client.kill().unwrap();
    client.wait().unwrap();
    let line = host.hears("outcome=");
    assert!(
        line.contains("tool=\"clock_sleep\"") && line.contains("outcome=\"cancelled\""),
        "{line}"
    );
    assert_eq!(
        content_of(&host.chat("a", "run echo alive"), "tool.result"),
        "alive\n"
    );
    // What was said until then is kept.
    let shown = cofferdam(&scratch, ["sessions", "show", "s"])
        .run()
        .exits(0)
        .stdout;
    assert!(
        shown.contains("run clock_sleep") && shown.contains("cancelled"),
        "{shown}"
    );
}

#[test]
fn sessions_survive_a_kill_and_agents_are_restored() {
    let scratch = Scratch::new();
    let file = agentfile(
        &scratch,
        "builtin/commands",
        &format!("BIN echo {}", tool("echo").display()),
    );
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let before = cofferdam(&scratch, ["ps", "--format", "json"])
        .run()
        .exits(0)
        .json();
    // Its id is as good as its name, and so is the beginning that `ps` shows.
    let id = before[0]["id"].as_str().unwrap();
    for name in [id, &id[..8]] {
        cofferdam(&scratch, ["sessions", "ls", name]).run().exits(0);
    }
    cofferdam(&scratch, ["sessions", "ls", &id[..3]])
        .run()
        .complains(&["there is no agent"]);
    cofferdam(
        &scratch,
        ["chat", "a", "--new", "--session", "kept", "run echo hello"],
    )
    .run()
    .exits(0);
    host.kill();

    // No Agentfile this time: the agent comes from the data directory alone.
    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(
        cofferdam(&scratch, ["ps", "--format", "json"])
            .run()
            .exits(0)
            .json(),
        before
    );
    let shown = cofferdam(&scratch, ["sessions", "show", "kept"])
        .run()
        .exits(0)
        .stdout;
    assert!(
        shown.contains("run echo hello") && shown.contains("← hello"),
        "{shown}"
    );
    assert_eq!(
        content_of(&host.chat("a", "run echo again"), "tool.result"),
        "again\n"
    );

    cofferdam(&scratch, ["sessions", "rm", "kept"])
        .run()
        .exits(0);
    cofferdam(&scratch, ["sessions", "show", "kept"])
        .run()
        .exits(2)
        .complains(&["kept", "sessions ls"]);
    cofferdam(&scratch, ["sessions", "rm", "kept"])
        .run()
        .exits(2)
        .complains(&["kept"]);
}

#[test]
fn an_agent_that_cannot_be_restored_is_shown_with_its_reason() {
    let scratch = Scratch::new();
    let file = agentfile(
        &scratch,
        "builtin/commands",
        &format!("BIN echo {}", tool("echo").display()),
    );
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    host.chat_in("a", "s", "run echo hello");
    host.kill();
    let tree = std::fs::read_dir(scratch.data().join("agents"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::write(tree.join("usr/bin/echo"), "no longer a tool").unwrap();
    let _host = Host::start::<&str>(&scratch, []);
    let agents = cofferdam(&scratch, ["ps", "--format", "json"])
        .run()
        .exits(0)
        .json();
    assert_eq!(agents[0]["status"], "failed");
    assert!(
        agents[0]["failure_message"]
            .as_str()
            .unwrap()
            .contains("not a WebAssembly binary"),
        "{agents}"
    );
    cofferdam(&scratch, ["chat", "a", "hello"])
        .run()
        .exits(1)
        .complains(&["agent a is not running"]);
    // Its history can be read, written down and deleted all the same.
    let run = |line: &[&str]| cofferdam(&scratch, line).run().exits(0).stdout;
    assert!(run(&["sessions", "ls", "a"]).contains('s'));
    let shown = run(&["sessions", "show", "a", "s"]);
    assert!(
        shown.contains("run echo hello") && shown.contains("← hello"),
        "{shown}"
    );
    assert_eq!(run(&["sessions", "export", "a", "s"]).lines().count(), 3);
    run(&["sessions", "rm", "a", "s"]);
    assert_eq!(run(&["sessions", "ls", "a", "--format", "json"]), "[]\n");
}

#[test]
fn a_host_that_is_asked_to_end_lets_a_turn_finish() {
    let scratch = Scratch::new();
    let capabilities = scratch.file(
        "capabilities.toml",
        "schema = 1\n[tool]\nname = \"nap\"\nversion = \"1\"\nsummary = \"s\"\n[limits]\nwall = \
            \"2s\"\n",
    );
    let out = scratch.path().join("out");
    let build = [
        "tool".into(),
        "build".into(),
        guest("clock_sleep").into_os_string(),
        "--capabilities".into(),
    ];
    cofferdam(
        &scratch,
        build
            .into_iter()
            .chain([capabilities.into(), "--out".into(), out.clone().into()]),
    )
    .run()
    .exits(0);
    let file = agentfile(
        &scratch,
        "builtin/commands",
        &format!("BIN nap {}", out.join("nap.wasm").display()),
    );
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut client = Command::new(binary())
        .args(["chat", "a", "run nap", "--format", "json"])
        .env("COFFERDAM_DATA_DIR", scratch.data())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut events =
        std::io::BufRead::lines(std::io::BufReader::new(client.stdout.take().unwrap()))
            .map(Result::unwrap);
    assert!(events.any(|line| line.contains("tool.call")));
    assert_eq!(host.terminate(), Some(0));
    assert!(
        events.any(|line| line.contains("message.create")),
        "the turn came to its end"
    );
    client.wait().unwrap();
}

#[test]
fn an_unknown_agent_or_a_long_prompt_is_refused() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "builtin/commands", "");
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    cofferdam(&scratch, ["chat", "b", "hello"])
        .run()
        .exits(2)
        .complains(&["`b`", "the agents are: a"]);
    cofferdam(&scratch, ["chat", "a", " "])
        .run()
        .exits(2)
        .complains(&["empty"]);
    cofferdam(&scratch, ["chat", "a"])
        .stdin(vec![b'a'; 10 << 20])
        .run()
        .exits(2)
        .complains(&["1048576", "file"]);
    assert_eq!(
        cofferdam(&scratch, ["sessions", "ls", "--format", "json"])
            .run()
            .exits(0)
            .stdout,
        "[]\n"
    );
}
