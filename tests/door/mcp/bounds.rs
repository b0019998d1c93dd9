//! Clients of the MCP door that call too much at once, or do not say all of a request.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{post, read_until};
use crate::support::mcp::{Server, next, token};
use crate::support::{Scratch, Typed, binary, guest, tool};

/// Calls that a client may have under way.
const CALLS: u64 = 256;

/// How long a test waits for the host to leave a client: three times as long as the head of a
/// request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server whose guest sleeps longer than a slow machine takes to send everything.
fn patient(scratch: &Scratch) -> Server {
    let wall = ["--wall", "10m"].map(OsString::from);
    let tools = [guest("clock_sleep"), tool("echo")].map(OsString::from);
    Server::start(scratch, wall.into_iter().chain(tools))
}

#[test]
fn calls_at_once_are_bounded() {
    let scratch = Scratch::new();
    let mut server = patient(&scratch);
    server.initialize();
    let call = |id: u64, name: &str| {
        let params = json!({ "name": name, "arguments": {} });
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
    };
    for id in 1..=CALLS + 1 {
        server.send(call(id, "clock_sleep").as_bytes());
    }
    // Those that were let in sleep, or wait for those that do.
    let refused = next(&server.stdout, "\"id\":");
    assert!(
        refused.contains("256 calls wait already") && refused.contains("\"isError\":true"),
        "{refused}"
    );
    // Their client waits for them no longer, and another call has a place.
    for id in 1..=CALLS + 1 {
        let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {
            "requestId": id } });
        server.send(cancel.to_string().as_bytes());
    }
    for _ in 0..CALLS {
        assert!(
            server
                .complains("tool=\"clock_sleep\"")
                .contains("outcome=\"cancelled\"")
        );
    }
    let answer = server.ask(
        CALLS + 2,
        "tools/call",
        json!({ "name": "echo", "arguments": { "args": ["here"] } }),
    );
    assert_eq!(answer["result"]["content"][0]["text"], "here\n", "{answer}");
}

/// Bytes of input of one call, nearly as many as it may have.
const INPUT: usize = 4_000_000;

/// Calls of which the last one has no room for its arguments (64 MiB).
const LARGE_CALLS: u64 = 17;

#[test]
fn arguments_of_calls_that_wait_are_bounded() {
    let scratch = Scratch::new();
    let mut server = patient(&scratch);
    server.initialize();
    let input = "x".repeat(INPUT);
    for id in 1..=LARGE_CALLS {
        let params = json!({ "name": "clock_sleep", "arguments": { "stdin": input } });
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        server.send(call.to_string().as_bytes());
    }
    let refused = next(&server.stdout, "\"id\":");
    assert!(
        refused.contains("64 MiB of arguments") && refused.contains("\"isError\":true"),
        "{refused}"
    );
    for id in 1..=LARGE_CALLS {
        let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {
            "requestId": id } });
        server.send(cancel.to_string().as_bytes());
    }
    for _ in 1..LARGE_CALLS {
        server.complains("outcome=\"cancelled\"");
    }
    let large = json!({ "name": "echo", "arguments": { "stdin": input, "args": ["here"] } });
    let answer = server.ask(LARGE_CALLS + 1, "tools/call", large);
    assert_eq!(answer["result"]["content"][0]["text"], "here\n", "{answer}");
}

/// Calls whose inputs take about a second to be checked: several for each core of a small machine.
const CHECKS: u64 = 8;

/// Numbers in each of these inputs, and schemas that apply to every one of them.
const NUMBERS: usize = 18_000;
const SCHEMAS: usize = 500;

#[test]
fn inputs_that_take_long_to_check_keep_no_other_call_waiting() {
    let scratch = Scratch::new();
    let bounds: Vec<_> = (0..SCHEMAS)
        .map(|n| json!({ "minimum": -1 - n as i64 }))
        .collect();
    let schema = json!({ "type": "object",
        "properties": { "numbers": { "type": "array", "items": { "allOf": bounds } } } });
    let checked = Typed {
        input_schema: &schema.to_string(),
        ..Typed::default()
    }
    .built(&scratch, "checked", "");
    let mut server = Server::start(&scratch, [checked, tool("echo")]);
    server.initialize();
    for (id, name) in [(0, "checked"), (1, "echo")] {
        // Loaded before it counts.
        let loaded = json!({ "name": name, "arguments": {} });
        server.ask(id, "tools/call", loaded);
    }
    let call = |id: u64, name: &str, arguments: Value| {
        let params = json!({ "name": name, "arguments": arguments });
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
    };
    let long = json!({ "numbers": vec![0; NUMBERS] });
    for id in 2..2 + CHECKS {
        server.send(call(id, "checked", long.clone()).as_bytes());
    }
    let short = call(2 + CHECKS, "echo", json!({ "args": ["here"] }));
    server.send(short.as_bytes());
    let first = next(&server.stdout, "\"id\":");
    assert!(first.contains("here"), "{first}");
}

/// Pings of a client that reads no answer: far more than pipes and places hold.
const PINGS: usize = 100_000;

/// The time after which a client that is not read from is taken to be stuck.
const STUCK: Duration = Duration::from_secs(2);

#[test]
fn a_client_that_reads_no_answers_is_not_read_from() {
    let scratch = Scratch::new();
    let mut server = Command::new(binary())
        .arg("mcp")
        .arg(tool("echo"))
        .envs(scratch.variables())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut stdin = server.stdin.take().expect("piped");
    let mut stdout = BufReader::new(server.stdout.take().expect("piped")).lines();
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": { "name": "silent", "version": "0" } });
    let first = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
    writeln!(stdin, "{first}").unwrap();
    stdout.next().expect("an answer").unwrap();
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    writeln!(stdin, "{ready}").unwrap();

    let (said, heard) = channel();
    let writer = thread::spawn(move || {
        for id in 1..=PINGS {
            let ping = json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
            writeln!(stdin, "{ping}").unwrap();
            said.send(id).unwrap();
        }
        stdin
    });
    let mut before = 0;
    while let Ok(id) = heard.recv_timeout(STUCK) {
        before = id;
    }
    assert!(before < PINGS / 10, "it read {before} requests");
    // What was sent is answered as soon as the client reads.
    for _ in 1..=PINGS {
        let answer = stdout.next().expect("an answer").unwrap();
        assert!(answer.contains("\"result\""), "{answer}");
    }
    drop(writer.join().unwrap());
    assert!(server.wait().unwrap().success());
}

#[test]
fn a_client_that_does_not_send_the_rest_of_a_head_is_left() {
    let scratch = Scratch::new();
    let server = Server::start(
        &scratch,
        [
            "--listen".into(),
            "127.0.0.1:0".into(),
            tool("echo").into_os_string(),
        ],
    );
    let address = server.address();
    // Its first request may be made, so that its connection is not one that never said anything.
    let bearer = format!("Authorization: Bearer {}\r\n", token(&scratch));
    let mut client = post(&address, &address, &bearer, "not JSON");
    read_until(&mut client, "HTTP/1.1 400");
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    client
        .write_all(b"POST /mcp HTTP/1.1\r\nHost: ")
        .expect("it is read");
    client
        .read_to_end(&mut Vec::new())
        .expect("the host closes it");
}
