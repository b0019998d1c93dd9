//! Tools that the command line names, and grants that no request widens.

use serde_json::{Value, json};

use crate::support::components::{built, may_call};
use crate::support::images::keep;
use crate::support::mcp::{Server, next};
use crate::support::{Scratch, cofferdam, guest, tool};

#[test]
fn an_image_is_served_and_guests_tell_their_progress_and_call_others() {
    let scratch = Scratch::new();
    let digest = keep(&scratch, "args:1", "Prints its arguments");
    let component = built(&scratch, "nested", "nested", &may_call("nested"));
    let tools = component.parent().expect("a directory");
    let mut server = Server::start(
        &scratch,
        ["--reload".as_ref(), "args:1".as_ref(), tools.as_os_str()],
    );
    server.initialize();
    let list = server.ask(1, "tools/list", json!({}))["result"]["tools"].clone();
    let described = |list: &Value| {
        list[0]["description"]
            .as_str()
            .unwrap()
            .contains("one on each line")
    };
    assert!(
        list[0]["name"] == "args" && described(&list),
        "its image says how to call it: {list}"
    );

    // Its own numbers grow after those of the host.
    let params = json!({ "name": "nested", "arguments": { "act": "progress" }, "_meta": {
        "progressToken": 1 } });
    let request = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params });
    server.send(request.to_string().as_bytes());
    let mut told: Vec<f64> = Vec::new();
    loop {
        let line: Value = serde_json::from_str(&next(&server.stdout, "jsonrpc")).expect("JSON");
        match line["params"]["progress"].as_f64() {
            Some(number) => told.push(number),
            None => break,
        }
    }
    assert!(
        told[0] < 1.0 && told.contains(&7.0) && told.is_sorted_by(|one, next| one < next),
        "{told:?}"
    );

    // Also those that are offered anew find what they call; the image is still there when its name
    // is not.
    cofferdam(&scratch, ["tool", "rm", &digest]).run().exits(0);
    std::fs::copy(tool("echo"), tools.join("echo.wasm")).expect("a copy");
    next(&server.stdout, "notifications/tools/list_changed");
    let call = |server: &mut Server, id, name: &str, arguments: Value| {
        server.ask(
            id,
            "tools/call",
            json!({ "name": name, "arguments": arguments }),
        )["result"]
            .clone()
    };
    let inner = call(&mut server, 3, "nested", json!({ "act": "self" }));
    assert_eq!(inner["_meta"]["cofferdam/receipt"]["calls"], 1, "{inner}");
    assert!(inner.to_string().contains("nested 4 deep"), "{inner}");
    let printed = call(&mut server, 4, "args", json!({ "args": ["a"] }));
    assert!(
        printed["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains('a')
            && printed["isError"] != true,
        "{printed}"
    );
}

#[test]
fn two_tools_of_one_name_are_refused() {
    let scratch = Scratch::new();
    let (one, other) = (tool("wc"), scratch.directory("other").join("same.wasm"));
    std::fs::copy(&one, &other).expect("a copy");
    let ran = cofferdam(
        &scratch,
        ["mcp".as_ref(), one.as_os_str(), other.as_os_str()],
    )
    .run()
    .exits(2);
    ran.complains(&[
        "same.wasm",
        "wc.wasm",
        "has a tool `wc` too",
        "another `name`",
    ]);
    // A guest without a manifest goes by its file's name, made one that clients take.
    let strange = scratch.path().join("a b.wasm");
    std::fs::copy(guest("clock_sleep"), &strange).expect("a copy");
    let ran = cofferdam(&scratch, ["mcp".as_ref(), strange.as_os_str()])
        .run()
        .exits(0);
    assert!(ran.stderr.contains("serving a_b"), "{}", ran.stderr);
}

#[test]
fn the_command_line_is_read_strictly() {
    let scratch = Scratch::new();
    let wc = tool("wc").display().to_string();
    let wrong = |args: &[&str]| {
        cofferdam(&scratch, [&["mcp"], args].concat())
            .run()
            .exits(2)
    };
    wrong(&[]).complains(&["nothing to serve", "REF|PATH", "--agent NAME"]);
    scratch.directory("empty");
    wrong(&["empty"]).complains(&["empty: it holds no component", "--reload"]);
    wrong(&["--dir", ".:/workspace:r", &wc]).complains(&["`r` is no mode", "ro (read-only)", "rw"]);
    assert!(
        wrong(&["--agent", "a", &wc])
            .stderr
            .contains("cannot be used with")
    );
    // Grants of an agent are the agent's: nothing here could widen them.
    assert!(
        wrong(&["--agent", "a", "--dir", "/:/workspace"])
            .stderr
            .contains("cannot be used with")
    );
    wrong(&["--listen", "0.0.0.0:0", &wc]).complains(&["0.0.0.0:0", "not a loopback address"]);
    wrong(&["--dir", "nowhere", &wc]).complains(&["nowhere", "HOST:GUEST"]);
    wrong(&["missing.wasm"]).complains(&["missing.wasm"]);
    cofferdam(&scratch, ["mcp", "--agent", "a"])
        .run()
        .exits(1)
        .complains(&["no host answers", "cofferdam serve"]);
}

#[test]
fn nothing_in_a_request_widens_a_grant() {
    let scratch = Scratch::new();
    scratch.file("in/n.txt", "inside\n");
    scratch.file("secret.txt", "outside\n");
    let dir = format!("{}:/workspace:ro", scratch.path().join("in").display());
    let mut server = Server::start(
        &scratch,
        ["--dir".into(), dir.into(), tool("cat").into_os_string()],
    );
    server.initialize();
    let mut id = 0;
    let mut call = |params: Value| {
        id += 1;
        server.ask(id, "tools/call", params)["result"].clone()
    };
    let inside = call(json!({ "name": "cat", "arguments": { "args": ["n.txt"] } }));
    assert_eq!(inside["content"][0]["text"], "inside\n", "{inside}");
    let grant = &inside["_meta"]["cofferdam/receipt"]["grant"];
    assert!(grant.as_str().unwrap().starts_with("sha256:"), "{inside}");
    let outside = scratch.path().join("secret.txt").display().to_string();
    let everything = format!("{}:/workspace", scratch.path().display());
    for params in [
        json!({ "name": "cat", "arguments": { "args": [outside] } }),
        json!({ "name": "cat", "arguments": { "args": ["../secret.txt"] } }),
        json!({ "name": "cat", "arguments": { "args": ["/proc/self/environ"] } }),
        json!({ "name": "cat", "arguments": { "args": ["../secret.txt"] }, "_meta": {
            "dir": [everything], "cofferdam/dir": everything } }),
        json!({ "name": "cat", "arguments": { "args": ["../secret.txt"] }, "dir": everything,
            "offers": [everything] }),
        json!({ "name": "cat", "arguments": { "args": ["secret.txt"], "dir": everything } }),
    ] {
        let refused = call(params.clone());
        assert_eq!(refused["isError"], true, "{params}: {refused}");
        assert!(
            !refused.to_string().contains("outside\\n"),
            "{params}: {refused}"
        );
        assert_eq!(
            &refused["_meta"]["cofferdam/receipt"]["grant"], grant,
            "{params}"
        );
    }
}
