//! What the host holds when JSON text becomes values: on the account of a call, whichever way the
//! text comes.

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::components::{built, may_call};
use crate::support::grpc::client;
use crate::support::mcp::{Server, next};
use crate::support::{Host, Scratch, Typed, cofferdam};

/// The most memory that the host may hold, in KiB (400 MiB); it was 800 MiB to more than 2 GiB. An
/// account has 64 MiB of it, a guest as much, and text is held several times on its way.
const MOST_KIB: u64 = 400 << 10;

/// Seven bytes of text, and hundreds of a value.
const HEAVY: &str = "{\"\":0},";

/// An array of heavy values with so many bytes.
fn heavy(bytes: usize) -> String {
    format!("[{}0]", HEAVY.repeat(bytes / HEAVY.len()))
}

/// The process has never held more than [`MOST_KIB`].
#[track_caller]
fn little_is_held(process: u32) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("a peak");
    let peak: u64 = line
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .expect("a number");
    assert!(peak < MOST_KIB, "{peak} KiB");
}

#[test]
fn the_input_of_a_nested_call_is_parsed_within_its_account() {
    let scratch = Scratch::new();
    let limits = [
        "--limit",
        "stdin=16MiB",
        "--memory",
        "200MiB",
        "--limit",
        "host-call=32MiB",
    ];
    let input = json!({ "act": "call-text", "text": heavy(7_500_000) }).to_string();
    for (rows, says) in [
        (may_call("other"), "declares no call"),
        (may_call("nested"), "host-memory"),
    ] {
        let component = built(&scratch, "nested", "nested", &rows);
        // As an argument it would be too long for the system.
        let request = json!({ "name": "nested",
            "arguments": serde_json::from_str::<Value>(&input).unwrap() });
        let mut server = Server::start(
            &scratch,
            limits
                .map(OsString::from)
                .into_iter()
                .chain([component.into_os_string()]),
        );
        server.initialize();
        let answer = server.ask(1, "tools/call", request)["result"].clone();
        little_is_held(server.child.id());
        let text = answer["content"][0]["text"].as_str().expect("text");
        assert!(
            text.contains("Outcome::Denied") && text.contains(says),
            "{text}"
        );
    }
}

#[test]
fn an_input_that_becomes_too_large_is_denied() {
    let scratch = Scratch::new();
    let tool = Typed {
        input_schema: "{}",
        ..Typed::default()
    };
    let [usual, little] = [
        ("usual", ""),
        ("little", "[limits]\nhost-memory = \"1MiB\"\n"),
    ]
    .map(|(name, limits)| tool.built(&scratch, name, limits));
    // Three at once that would become hundreds of megabytes each.
    let lines = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN usual {}\n",
        usual.display()
    );
    let file = scratch.file("Agentfile", lines);
    scratch.file("data/cofferdam.toml", "[limits]\nstdin = \"16MiB\"\n");
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let answers = client(
        &scratch,
        &host,
        &["call_tools", "a", "usual", "11600000", "3"],
    );
    little_is_held(host.pid());
    for answer in answers.as_array().expect("a list") {
        let sentence = answer[1].as_str().expect("text");
        assert!(
            answer[0] == true && sentence.contains("denied") && sentence.contains("host-memory"),
            "{sentence}"
        );
    }
    host.kill();
    // A small one is held against the limit of its call alone.
    let run = |tool: &Path, input: &str| {
        let tool = tool.to_str().expect("UTF-8");
        cofferdam(
            &scratch,
            ["tool", "run", tool, "--format", "json", "--", input],
        )
        .run()
    };
    // Below what the system takes as one argument.
    let input = heavy(120_000);
    assert_eq!(run(&usual, &input).exits(0).json()["outcome"]["name"], "ok");
    let denied = run(&little, &input).json();
    let reason = denied["outcome"]["reason"]
        .as_str()
        .expect("a reason")
        .to_owned();
    assert!(
        reason.contains("the parsed input") && reason.contains("host-memory"),
        "{reason}"
    );
    let deep = format!("{}{}", "[".repeat(121), "]".repeat(121));
    run(&usual, &deep)
        .exits(2)
        .complains(&["nested more than 120 deep"]);
}

#[test]
fn a_message_of_mcp_is_parsed_within_a_bound() {
    let scratch = Scratch::new();
    let tool = Typed {
        input_schema: r#"{"type":"object"}"#,
        ..Typed::default()
    }
    .file(&scratch, "typed");
    let mut server = Server::start(&scratch, [tool.as_os_str()]);
    server.initialize();
    let call = |id: usize, bytes: usize| {
        let params = format!(r#"{{"name":"typed","arguments":{{"a":{}}}}}"#, heavy(bytes));
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{params}}}"#)
    };
    (1..4).for_each(|id| server.send(call(id, 11_600_000).as_bytes()));
    // They may be answered in any order.
    let answers: Vec<_> = (1..4).map(|_| next(&server.stdout, "\"id\":")).collect();
    little_is_held(server.child.id());
    for answer in answers {
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let sentence = answer["error"]["message"].as_str().expect("an error");
        assert!(
            sentence.contains("the message takes more than 64 MiB once it is parsed"),
            "{sentence}"
        );
    }
    // One that is below the bound of messages goes the whole way.
    server.send(call(4, 600_000).as_bytes());
    let answer: Value = serde_json::from_str(&next(&server.stdout, "\"id\":4,")).unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "{}", "{answer}");
    little_is_held(server.child.id());
}

#[test]
fn a_result_over_mcp_is_parsed_within_its_account() {
    let scratch = Scratch::new();
    let large = Typed {
        output_schema: r#"{"type":"array"}"#,
        first: "[",
        repeated: (HEAVY, 1_000_000),
        last: "0]",
        ..Typed::default()
    };
    let text = Typed {
        output_schema: "",
        ..large
    };
    let small = Typed {
        repeated: (HEAVY, 10),
        ..large
    };
    let limits = ["--limit", "result=8MiB", "--limit", "host-call=32MiB"].map(OsString::from);
    let tools = [("large", large), ("text", text), ("small", small)];
    let mut server = Server::start(
        &scratch,
        limits
            .into_iter()
            .chain(tools.map(|(name, tool)| tool.built(&scratch, name, "").into())),
    );
    server.initialize();
    let mut call = |id, name: &str| {
        server.ask(id, "tools/call", json!({ "name": name, "arguments": {} }))["result"].clone()
    };
    assert_eq!(
        call(1, "small")["structuredContent"]["result"][9],
        json!({ "": 0 })
    );
    let refused = call(2, "large");
    let text = call(3, "text");
    little_is_held(server.child.id());
    assert_eq!(refused["isError"], true);
    let sentence = refused["content"][0]["text"].as_str().expect("text");
    assert!(
        sentence.starts_with("execution error: the result is too large"),
        "{}",
        &sentence[..100]
    );
    assert!(text["isError"] != true && text["structuredContent"].is_null());
    assert_eq!(
        text["content"][0]["text"].as_str().map(str::len),
        Some(7_000_003)
    );
}
