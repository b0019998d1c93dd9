use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{directory, echo, holds, ls, segments};
use crate::support::components::{built, may_call};
use crate::support::grpc::{command, ended};
use crate::support::mcp::Server;
use crate::support::{Host, Scratch, cofferdam, tool};

/// SHA-256 of a canonical form, as a record has it.
fn digest(canonical: &str) -> String {
    let bytes = Sha256::digest(canonical.as_bytes());
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// An agent whose model calls `nested`, which may call `echo` and a tool that is not there, and a
/// tool that is not there either.
fn agent(scratch: &Scratch, calls: &[Value]) -> Vec<String> {
    let rows = may_call("echo") + &may_call("ghost");
    let nested = built(scratch, "nested", "nested", &rows);
    let steps: Vec<_> = calls
        .iter()
        .map(|call| json!({ "tool_calls": [call] }).to_string())
        .collect();
    scratch.file("turns.jsonl", steps.join("\n") + "\n{\"text\":\"done\"}\n");
    let text = format!(
        "FROM scratch\nNAME a\nMODEL script/turns.jsonl\nBIN nested {}\nBIN echo {}\n",
        nested.display(),
        tool("echo").display()
    );
    let file = scratch.file("Agentfile", text);
    vec!["--agentfile".to_owned(), file.display().to_string()]
}

#[test]
fn every_call_of_a_turn_is_recorded_allowed_or_not() {
    let scratch = Scratch::new();
    let nested = |tool: &str, word: &str| {
        let input = json!({ "act": "call", "tool": tool, "input": { "args": [word] } });
        json!({ "name": "nested", "arguments": input })
    };
    let calls = [
        nested("echo", "argument-one"),
        nested("ghost", "argument-two"),
        nested("other", "argument-three"),
        json!({ "name": "nested", "arguments": { "x": 1 } }),
        json!({ "name": "nobody", "arguments": { "x": "argument-four" } }),
    ];
    let host = Host::start(&scratch, agent(&scratch, &calls));
    host.chat_in("a", "s", "go");
    let recorded = ls(&scratch, &["--session", "s"]);
    let rows: Vec<_> = recorded
        .iter()
        .map(|line| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let decision = &line["decision"];
            [
                text(&line["tool"]),
                text(&line["caller"]),
                text(&decision["verdict"]),
                text(&decision["policies"][0]),
                text(&line["outcome"]),
            ]
            .join(" ")
        })
        .collect();
    assert_eq!(
        rows,
        [
            "echo nested allow host:offered ok",
            "nested  allow host:offered ok",
            "ghost nested deny host:unknown-tool denied",
            "nested  allow host:offered ok",
            "other nested deny host:nested denied",
            "nested  allow host:offered ok",
            "nested  deny host:input denied",
            "nobody  deny host:unknown-tool denied",
        ]
    );
    for line in &recorded {
        assert_eq!(line["principal"], json!({ "kind": "agent", "name": "a" }));
        assert_eq!(
            (&line["agent"], &line["session"]),
            (&json!("a"), &json!("s"))
        );
        assert_eq!(line["depth"], u64::from(!line["caller"].is_null()));
    }
    let inner = &recorded[0];
    assert_eq!(inner["arguments"], digest(r#"{"args":["argument-one"]}"#));
    assert_eq!(recorded[6]["arguments"], digest(r#"{"x":1}"#));
    assert!(inner["usage"]["fuel"].as_u64().unwrap() > 0, "{inner}");
    // Both grants of a nested call.
    assert_eq!(inner["caller_grant"], recorded[1]["grant"]);
    assert_ne!(inner["grant"], inner["caller_grant"]);
    assert!(recorded[1]["caller_grant"].is_null(), "{}", recorded[1]);
    assert_eq!(recorded[1]["usage"]["calls"], 1);
    assert_eq!(host.terminate(), Some(0));
    let verified = holds(&scratch);
    assert_eq!(verified["unsigned"], 0, "{verified}");
    // Neither arguments nor results.
    for segment in segments(&scratch) {
        let text = std::fs::read_to_string(segment).unwrap();
        assert!(!text.contains("argument-"), "{text}");
    }
}

#[test]
fn every_door_names_who_called() {
    let scratch = Scratch::new();
    let file = scratch.file(
        "Agentfile",
        format!(
            "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN echo {}\n",
            tool("echo").display()
        ),
    );
    let host = Host::listening(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let line = ["token", "create", "ci", "--scope", "tools"];
    let token = cofferdam(&scratch, line).run();
    let token = token.exits(0).stdout.trim_end().to_owned();
    // {"args":["x"]}
    let message = "0a046563686f120e7b2261726773223a5b2278225d7d";
    let path = "/cofferdam.v1.Tools/CallTool";
    let mut client = command(&scratch, &host, &["raw", path, message, "a", &token]);
    client.env_remove("COFFERDAM_TOKEN");
    let said = ended(client);
    assert_eq!(said[0], "OK", "{said}");
    // A client of MCP, through the host and by itself; and a command.
    for args in [
        vec!["--agent".into(), "a".into()],
        vec![tool("echo").into_os_string()],
    ] {
        let mut server = Server::start(&scratch, args);
        server.initialize();
        let params = json!({ "name": "echo", "arguments": { "args": ["y"] } });
        let answer = server.ask(1, "tools/call", params);
        assert_eq!(answer["result"]["isError"], false, "{answer}");
        server.stdin.take();
        server.child.wait().unwrap();
    }
    echo(&scratch, "z", &[]).exits(0);
    let who: Vec<_> = ls(&scratch, &["--tool", "echo"])
        .iter()
        .map(|line| (line["principal"].clone(), line["agent"].clone()))
        .collect();
    let operator = json!({ "kind": "operator" });
    assert_eq!(
        who,
        [
            (json!({ "kind": "client", "name": "ci" }), json!("a")),
            (operator.clone(), json!("a")),
            (operator.clone(), Value::Null),
            (operator, Value::Null),
        ]
    );
    holds(&scratch);
}

#[test]
fn calls_are_listed_by_what_they_are() {
    let scratch = Scratch::new();
    // Its record has the digests and the numbers of its receipt.
    let receipt = echo(&scratch, "one", &["--format", "json"]).exits(0).json();
    let recorded = ls(&scratch, &[]).remove(0);
    for key in ["component", "manifest", "grant"] {
        assert_eq!(recorded[key], receipt[key], "{key}");
    }
    for (key, value) in recorded["usage"].as_object().expect("numbers") {
        assert_eq!(*value, receipt[key], "{key}");
    }
    for word in ["two", "three"] {
        echo(&scratch, word, &[]).exits(0);
    }
    let wc = tool("wc").display().to_string();
    cofferdam(&scratch, ["tool", "run", &wc, "--fuel", "1000", "--", "-l"])
        .run()
        .exits(3);
    let count = |flags: &[&str]| ls(&scratch, flags).len();
    assert_eq!(count(&[]), 4);
    assert_eq!(count(&["--tool", "echo"]), 3);
    assert_eq!(count(&["--tool", "echo", "-n", "2"]), 2);
    assert_eq!(count(&["--outcome", "out-of-fuel"]), 1);
    assert_eq!(count(&["--decision", "deny"]), 0);
    assert_eq!(count(&["--decision", "allow"]), 4);
    assert_eq!(count(&["--agent", "a"]), 0);
    assert_eq!(count(&["--since", "1h"]), 4);
    assert_eq!(count(&["--until", "1h"]), 0);
    let second = ls(&scratch, &[])[1]["time"].as_str().unwrap().to_owned();
    assert_eq!(count(&["--since", &second]), 3);
    let last = ls(&scratch, &["-n", "1"]);
    assert_eq!(last[0]["outcome"], "out-of-fuel");
    let shown = cofferdam(&scratch, ["audit", "ls", "--tool", "wc"]).run();
    let shown = shown.exits(0).stdout;
    assert!(
        shown.contains(" allow   out-of-fuel  wc by operator"),
        "{shown}"
    );
    // Events for billing.
    let line = [
        "audit", "ls", "--as", "metering", "--tool", "echo", "-n", "1",
    ];
    let event = cofferdam(&scratch, line).run().exits(0).json();
    for (key, value) in [
        ("type", json!("tool.call")),
        ("component", json!("cofferdam")),
        ("status", json!("ok")),
        ("tool_calls", json!(1)),
        ("attempt", json!(1)),
    ] {
        assert_eq!(event[key], value, "{event}");
    }
    assert!(event["metadata"]["fuel"].as_u64().unwrap() > 0, "{event}");
    assert!(
        event["timestamp"].as_str().unwrap().ends_with('Z'),
        "{event}"
    );
    cofferdam(&scratch, ["audit", "ls", "--outcome", "good"])
        .run()
        .exits(2)
        .complains(&["expected one of ok, "]);
}

#[test]
fn a_call_that_nobody_has_to_account_for_leaves_nothing() {
    let scratch = Scratch::new();
    let none = cofferdam(&scratch, ["audit", "ls"]).run().exits(0);
    assert!(none.stderr.contains("no call was recorded here yet"));
    echo(&scratch, "one", &["--unrecorded"]).exits(0);
    assert!(!directory(&scratch).exists());
}

#[test]
fn new_calls_are_followed() {
    use std::io::{BufRead, BufReader};
    let scratch = Scratch::new();
    echo(&scratch, "one", &[]).exits(0);
    let line = ["audit", "ls", "--follow", "--format", "json"];
    let mut following = cofferdam(&scratch, line).start();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let first = next()["seq"].as_u64().unwrap();
    echo(&scratch, "two", &[]).exits(0);
    assert!(next()["seq"].as_u64().unwrap() > first);
    following.kill().unwrap();
    following.wait().unwrap();
}
