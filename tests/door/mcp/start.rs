//! The start: tools that were never compiled, and files whose names nobody chose for a tool.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::mcp::Server;
use crate::support::{Scratch, checkout, cofferdam, guest, tool};

/// The longest time until a client is answered (a second on an idle machine). Compiling all tools
/// takes minutes.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_client_is_answered_before_anything_is_compiled() {
    let scratch = Scratch::new();
    let began = Instant::now();
    let mut server = Server::start(&scratch, [checkout().join("target/tools")]);
    server.initialize();
    let list = server.ask(1, "tools/list", json!({}))["result"]["tools"].clone();
    let answered = began.elapsed();
    assert!(answered < PATIENCE, "{answered:?}");
    let names: Vec<_> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|tool| &tool["name"])
        .collect();
    for name in ["cat", "jq", "text-stats", "wc", "yq"] {
        assert!(names.contains(&&json!(name)), "{names:?}");
    }
    // The last of them by name does not wait for the others.
    let params = json!({ "name": "true", "arguments": {} });
    let called = server.ask(2, "tools/call", params);
    assert_eq!(called["result"]["isError"], false, "{called}");
    // Nobody waits for the rest.
    server.stdin = None;
    assert_eq!(server.ends(), Some(0));
}

#[test]
fn names_that_nobody_wrote_become_names_of_tools() {
    let scratch = Scratch::new();
    let tools = scratch.directory("tools");
    let long = "x".repeat(70);
    for name in ["args.component", "two words", &long, "ümlaut", "-dash"] {
        std::fs::copy(guest("args_echo"), tools.join(format!("{name}.wasm"))).expect("a copy");
    }
    std::fs::copy(tool("echo"), tools.join("echo.wasm")).expect("a copy");
    let mut server = Server::start(&scratch, [tools.as_os_str()]);
    server.initialize();
    let list = server.ask(1, "tools/list", json!({}))["result"]["tools"].clone();
    let names: Vec<_> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|tool| &tool["name"])
        .collect();
    assert_eq!(names.len(), 6, "{names:?}");
    for name in ["args_component", "two_words", &"x".repeat(64), "echo"] {
        assert!(names.contains(&&json!(name)), "{names:?}");
    }
    let params = json!({ "name": "args_component", "arguments": { "args": ["said"] } });
    let called = server.ask(2, "tools/call", params);
    assert!(called.to_string().contains("said"), "{called}");
    // One of them alone.
    let path = tools.join("args.component.wasm");
    let ran = cofferdam(&scratch, ["mcp".as_ref(), path.as_os_str()])
        .run()
        .exits(0);
    assert!(
        ran.stderr.contains("serving args_component"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_directory_is_served_without_the_file_that_cannot_be() {
    let scratch = Scratch::new();
    let tools = scratch.directory("tools");
    std::fs::copy(tool("echo"), tools.join("echo.wasm")).expect("a copy");
    std::fs::copy(tool("echo"), tools.join("same.wasm")).expect("a copy");
    std::fs::write(tools.join("broken.wasm"), "not a component").expect("a file");
    std::fs::write(tools.join("core.wasm"), b"\0asm\x01\0\0\0").expect("a file");
    let mut server = Server::start(&scratch, [tools.as_os_str()]);
    server.initialize();
    let params = json!({ "name": "echo", "arguments": { "args": ["here"] } });
    let called = server.ask(1, "tools/call", params);
    assert_eq!(called["result"]["content"][0]["text"], "here\n", "{called}");
    for part in ["same.wasm", "broken.wasm", "core.wasm"] {
        let mut server = Server::start(&scratch, [tools.as_os_str()]);
        let told = server.complains(part);
        assert!(told.contains("left out"), "{told}");
        server.stdin = None;
        assert_eq!(server.ends(), Some(0));
    }
    // One that was named is missed.
    for name in ["broken.wasm", "core.wasm"] {
        let path = tools.join(name);
        let ran = cofferdam(&scratch, ["mcp".as_ref(), path.as_os_str()]).run();
        ran.exits(2).complains(&[name]);
    }
}
