//! A client that starts its server with a pipe for its log, and reads nothing of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::components::{built, may_call};
use crate::support::{Scratch, binary};

/// Calls that each log 256 lines, together more than a pipe and the host hold.
const CALLS: usize = 100;

/// The time after which a server that does not answer is stuck: a call takes some milliseconds.
const STUCK: Duration = Duration::from_secs(20);

#[test]
fn a_log_that_nobody_reads_holds_up_nobody() {
    let scratch = Scratch::new();
    let nested = built(&scratch, "nested", "nested", &may_call("nested"));
    let mut server = Command::new(binary())
        .arg("mcp")
        .arg(&nested)
        .envs(scratch.variables())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = server.stdin.take().expect("piped");
    let stdout = BufReader::new(server.stdout.take().expect("piped"));
    let (said, heard) = channel();
    let reader = thread::spawn(move || {
        for line in stdout.lines() {
            said.send(line.expect("text")).ok();
        }
    });
    let mut ask = |id: usize, method: &str, params: serde_json::Value| {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        writeln!(stdin, "{request}").expect("the server reads");
        let answer = heard.recv_timeout(STUCK);
        assert!(answer.is_ok(), "{method} {id} has no answer");
    };
    let client = json!({ "name": "deaf", "version": "0" });
    let about =
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    ask(0, "initialize", about);
    let flood = json!({ "name": "nested", "arguments": { "act": "log-flood" } });
    for id in 1..=CALLS {
        ask(id, "tools/call", flood.clone());
    }
    // It hears a signal, and ends.
    let id = server.id().to_string();
    let signalled = Command::new("kill").args(["-TERM", &id]).status();
    assert!(signalled.expect("a kill").success());
    reader
        .join()
        .expect("the server ends, and its output with it");
    // What did not fit is told as soon as somebody reads.
    let mut log = String::new();
    let mut stderr = server.stderr.take().expect("piped");
    stderr.read_to_string(&mut log).expect("text");
    assert!(log.contains("flood 0"), "{log}");
    assert!(server.wait().expect("it has ended").success());
}
