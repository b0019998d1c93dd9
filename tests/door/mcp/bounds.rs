//! Clients of the MCP door that call too much at once, or do not say all of a request.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::json;

use super::http::{post, read_until};
use crate::support::mcp::{Server, next, token};
use crate::support::{Scratch, guest, tool};

/// Calls that a client may have under way.
const CALLS: u64 = 256;

/// How long a test waits for the host to leave a client: three times as long as the head of a
/// request may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn calls_at_once_are_bounded() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, [guest("clock_sleep"), tool("echo")]);
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
