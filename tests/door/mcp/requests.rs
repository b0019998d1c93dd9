//! Requests that are not what they should be, and what can mean only one thing.

use std::io::Read;

use serde_json::{Value, json};

use super::http::{post, read_until};
use crate::support::mcp::{Server, next, token};
use crate::support::{Scratch, tool};

/// `tools/call` with these parameters is refused with this code, and with these parts in the one
/// sentence.
#[track_caller]
fn refused(server: &mut Server, params: &Value, code: i64, parts: &[&str]) {
    let error = server.ask(9, "tools/call", params.clone())["error"].clone();
    assert_eq!(error["code"], code, "{params}: {error}");
    let sentence = error["message"].as_str().expect("a sentence");
    for part in parts {
        assert!(sentence.contains(part), "{params}: {sentence}");
    }
}

#[test]
fn parameters_that_are_none_of_a_call_are_told_with_what_is_right() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, [tool("wc")]);
    server.initialize();
    let object = "expected an object";
    for arguments in [json!([]), json!(["-l"]), json!("-l"), json!(7), json!(true)] {
        let params = json!({ "name": "wc", "arguments": arguments });
        refused(
            &mut server,
            &params,
            -32602,
            &["`arguments`", object, "\"args\""],
        );
    }
    for params in [json!({}), json!({ "arguments": {} }), json!({ "name": 5 })] {
        refused(
            &mut server,
            &params,
            -32602,
            &["`name`", "the tools are: wc"],
        );
    }
    for params in [json!([]), json!("wc"), json!(["wc", {}])] {
        refused(
            &mut server,
            &params,
            -32602,
            &["`params`", "`name`", "`arguments`"],
        );
    }
    refused(
        &mut server,
        &json!({ "name": "no" }),
        -32602,
        &["`no`", "the tools are: wc"],
    );
    // Another method, and one that there is not.
    let error = server.ask(3, "tools/list", json!([1]))["error"].clone();
    assert_eq!(error["code"], -32602, "{error}");
    for method in [
        "tools/burn",
        "resources/list",
        "prompts/list",
        "logging/setLevel",
        "",
    ] {
        let params = json!({ "level": "info" });
        let error = server.ask(4, method, params)["error"].clone();
        assert_eq!(error["code"], -32601, "{error}");
        let sentence = error["message"].as_str().expect("a sentence");
        let method = format!("`{method}`");
        for part in [&method, "tools/list", "tools/call"] {
            assert!(sentence.contains(part), "{error}");
        }
    }
}

#[test]
fn a_cursor_that_no_list_gave_is_refused() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, [tool("wc")]);
    server.initialize();
    for params in [
        json!({ "cursor": "" }),
        json!({ "cursor": null }),
        json!({}),
    ] {
        let list = server.ask(1, "tools/list", params)["result"].clone();
        assert_eq!(list["tools"][0]["name"], "wc", "{list}");
        assert_eq!(list.get("nextCursor"), None, "{list}");
    }
    let error = server.ask(2, "tools/list", json!({ "cursor": "2" }))["error"].clone();
    assert_eq!(error["code"], -32602, "{error}");
    assert!(error.to_string().contains("`cursor`"), "{error}");
}

#[test]
fn null_for_an_argument_that_may_be_left_out_counts_as_left_out() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, [tool("wc"), tool("text-stats")]);
    server.initialize();
    let mut call = |name: &str, arguments: Value| {
        let params = json!({ "name": name, "arguments": arguments });
        server.ask(1, "tools/call", params)["result"].clone()
    };
    let counted = call("wc", json!({ "args": null, "stdin": "a b\n" }));
    assert_eq!(counted["isError"], false, "{counted}");
    let counted = call("wc", json!({ "args": ["-l"], "stdin": null }));
    assert_eq!(counted["content"][0]["text"], "0\n", "{counted}");
    // What has to be there has to be there.
    let refused = call("text-stats", json!({ "text": null }));
    assert_eq!(refused["isError"], true, "{refused}");
    assert!(
        refused.to_string().contains("does not fit its schema"),
        "{refused}"
    );
}

#[test]
fn what_is_no_message_is_answered_on_standard_input() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, [tool("wc")]);
    // Also before the handshake.
    for text in [
        "not JSON",
        "{\"id\":1",
        "\u{fffd}",
        "{\"jsonrpc\":\"2.0\",}",
    ] {
        server.send(text.as_bytes());
        let error: Value = serde_json::from_str(&next(&server.stdout, "error")).expect("JSON");
        assert_eq!(error["error"]["code"], -32700, "{text}: {error}");
        assert!(error.get("id").is_none_or(Value::is_null), "{error}");
    }
    server.initialize();
    server.send(b"\xff\xfe{}");
    next(&server.stdout, "-32700");
    let ping = |head: &str| format!("{{{head},\"method\":\"ping\"}}");
    let odd = [
        ping("\"jsonrpc\":\"1.0\",\"id\":1"),
        ping("\"id\":1"),
        ping("\"jsonrpc\":\"2.0\",\"id\":1.5"),
        ping("\"jsonrpc\":\"2.0\",\"id\":null"),
    ];
    let short = ["{}", "7", "[1]"].map(str::to_owned);
    for text in short.iter().chain(&odd) {
        server.send(text.as_bytes());
        let error = next(&server.stdout, "-32600");
        assert!(
            error.contains("expected an object with `jsonrpc`"),
            "{text}: {error}"
        );
    }
    server.send(b"[]");
    next(&server.stdout, "-32600");
    // A byte order mark is no part of a message.
    server.send("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}\r".as_bytes());
    next(&server.stdout, "\"id\":3,");
    let both = json!([
        { "jsonrpc": "2.0", "id": 4, "method": "ping" },
        { "jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": [] },
    ]);
    server.send(both.to_string().as_bytes());
    let [mut one, mut other] = [(); 2].map(|()| next(&server.stdout, "\"id\":"));
    if other.contains("\"id\":4,") {
        std::mem::swap(&mut one, &mut other);
    }
    assert!(
        one.contains("\"id\":4,") && other.contains("-32602"),
        "{one} {other}"
    );
}

#[test]
fn what_is_no_message_is_answered_over_http() {
    let scratch = Scratch::new();
    let listen = ["--listen".into(), "127.0.0.1:0".into()];
    let tools = [tool("wc").into_os_string()];
    let server = Server::start(&scratch, listen.into_iter().chain(tools));
    let address = server.address();
    let bearer = format!(
        "Authorization: Bearer {}\r\nConnection: close\r\n",
        token(&scratch)
    );
    let ask = |headers: &str, body: &str| {
        let mut text = String::new();
        let mut stream = post(&address, &address, &format!("{bearer}{headers}"), body);
        stream.read_to_string(&mut text).expect("an answer");
        text
    };
    for body in ["not JSON", "{", "{\"jsonrpc\":\"2.0\",}", "\"a"] {
        let answer = ask("", body);
        assert!(answer.starts_with("HTTP/1.1 400"), "{body}: {answer}");
        assert!(
            answer.contains("application/json") && answer.contains("-32700"),
            "{answer}"
        );
    }
    for body in ["{}", "7", "[]", "null"] {
        let answer = ask("", body);
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.contains("-32600"),
            "{answer}"
        );
    }
    // Any user of this machine may ask without the token, and learns of no file.
    let mut refused = String::new();
    let mut stream = post(&address, &address, "Connection: close\r\n", "{}");
    stream.read_to_string(&mut refused).expect("an answer");
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    let (_, sentence) = refused.split_once("\r\n\r\n").expect("a body");
    assert!(
        !sentence.contains('/') && !sentence.contains("operator.token"),
        "{sentence}"
    );
    // A page in a browser is still told nothing.
    let mut foreign = post(&address, "evil.example", &bearer, "not JSON");
    read_until(&mut foreign, "HTTP/1.1 403");

    let session = session(&address, &bearer, "2025-03-26");
    let ping = |id| json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
    let gone = json!({ "jsonrpc": "2.0", "method": "notifications/roots/list_changed" });
    let params = json!({ "name": "wc", "arguments": [] });
    let call = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params });
    let batch = json!([ping(1), gone, ping(2), call, 7]);
    let answer = ask(&session, &batch.to_string());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for part in ["\"id\":1,", "\"id\":2,", "\"id\":3,", "-32602", "-32600"] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    let answer = ask(&session, &json!([gone, gone]).to_string());
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    let answer = ask("Mcp-Session-Id: made-up\r\n", &json!([ping(1)]).to_string());
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

/// Begins a session of this version, and returns the headers of its requests.
#[track_caller]
pub(super) fn session(address: &str, bearer: &str, version: &str) -> String {
    let client = json!({ "name": "test", "version": "0" });
    let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
    let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
    let answer = read_until(
        &mut post(address, address, bearer, &body.to_string()),
        "protocolVersion",
    );
    let id = answer
        .lines()
        .find_map(|line| line.strip_prefix("mcp-session-id: "))
        .unwrap_or_else(|| panic!("no session: {answer}"));
    let session = format!(
        "Mcp-Session-Id: {}\r\nMCP-Protocol-Version: {version}\r\n",
        id.trim()
    );
    let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string();
    let headers = format!("{bearer}{session}");
    read_until(
        &mut post(address, address, &headers, &begun),
        "HTTP/1.1 202",
    );
    session
}
