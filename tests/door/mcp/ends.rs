//! Clients that go or send garbage, and servers that are signalled.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::http::{post, read_until};
use crate::support::mcp::{Server, next, token};
use crate::support::{Scratch, guest, tool};

#[test]
fn a_guest_is_stopped_when_its_client_is_gone() {
    let scratch = Scratch::new();
    let call = |meta: Value| json!({ "name": "clock_sleep", "arguments": {}, "_meta": meta });

    let mut server = Server::start(&scratch, [guest("clock_sleep")]);
    server.initialize();
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call(json!({
        "progressToken": 1 })) });
    server.send(request.to_string().as_bytes());
    next(&server.stdout, "clock_sleep was called");
    server.stdin = None;
    assert!(
        server
            .complains("tool=\"clock_sleep\"")
            .contains("outcome=\"cancelled\"")
    );
    assert_eq!(server.ends(), Some(0));

    let server = Server::start(
        &scratch,
        [
            "--listen".into(),
            "127.0.0.1:0".into(),
            guest("clock_sleep").into_os_string(),
        ],
    );
    let address = server.address();
    let meta = json!({
        "progressToken": 1, "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call(meta) })
        .to_string();
    let headers = format!(
        "Authorization: Bearer {}\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: \
            tools/call\r\nMcp-Name: clock_sleep\r\n",
        token(&scratch)
    );
    let mut stream = post(&address, &address, &headers, &body);
    read_until(&mut stream, "clock_sleep was called");
    drop(stream);
    assert!(
        server
            .complains("tool=\"clock_sleep\"")
            .contains("outcome=\"cancelled\"")
    );
}

#[test]
fn garbage_on_standard_input_ends_nothing() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, [tool("text-stats")]);
    let garbage: [&[u8]; 9] = [
        b"",
        b"not JSON",
        b"\xff\xfe\x00\x80",
        b"[1, 2, 3]",
        b"{}",
        br#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#,
        br#"{"jsonrpc":"2.0","id":{"a":1},"method":"tools/list"}"#,
        br#"{"jsonrpc":"2.0","id":77,"result":{}}"#,
        br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":12345}}"#,
    ];
    server.initialize();
    for line in garbage {
        server.send(line);
    }
    server.send(&[b"[".repeat(200_000), b"]".repeat(200_000)].concat());
    server.send(&b"x".repeat(13 << 20));
    let arguments = json!({ "name": "text-stats", "arguments": { "text": "still there" } });
    let answer = server.ask(5, "tools/call", arguments);
    assert_eq!(
        answer["result"]["structuredContent"]["words"], 2,
        "{answer}"
    );
    // A client that ends in the middle of a message is only gone.
    server
        .stdin
        .as_mut()
        .expect("not closed")
        .write_all(br#"{"jsonrpc":"#)
        .expect("the server reads");
    server.stdin = None;
    assert_eq!(server.ends(), Some(0));
    for line in server.stdout.try_iter() {
        assert_eq!(
            serde_json::from_str::<Value>(&line).expect("the protocol alone")["jsonrpc"],
            "2.0"
        );
    }
    assert!(
        !server
            .stderr
            .try_iter()
            .any(|line| line.contains("panicked"))
    );
}

#[test]
fn a_signal_ends_a_server_that_is_still_compiling() {
    use std::os::unix::process::CommandExt;

    let scratch = Scratch::new();
    let mut command = std::process::Command::new(crate::support::binary());
    command
        .arg("mcp")
        .args(["jq", "rg", "yq"].map(tool))
        .env("COFFERDAM_DATA_DIR", scratch.data())
        .process_group(0);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let children = format!("/proc/{0}/task", child.id());
    let compilers = || {
        let tasks = std::fs::read_dir(&children)
            .into_iter()
            .flatten()
            .filter_map(Result::ok);
        let lists =
            tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        lists
            .flat_map(|list| {
                list.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    let started = loop {
        let found = compilers();
        if !found.is_empty() {
            break found;
        }
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "it ended before it compiled"
        );
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    };
    // As a terminal does: to every process of the group.
    let group = format!("-{}", child.id());
    assert!(
        std::process::Command::new("kill")
            .args(["-s", "INT", "--", &group])
            .status()
            .unwrap()
            .success()
    );
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("error"), "{stderr}");
    // Its compilers end with it, although the signal did not reach them.
    let alive = |pid: &String| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("compile-worker")
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while started.iter().any(alive) {
        assert!(
            std::time::Instant::now() < deadline,
            "a compiler goes on without its host"
        );
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
}
