//! Silence after a cancel, whichever way a client came; and streams that begin with a message.

use std::ffi::OsString;
use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{post, read_until};
use super::requests::session;
use crate::support::mcp::{Server, next, token};
use crate::support::{Host, Scratch, guest};

/// Calls that are cancelled one after the other. A message that follows a cancel depends on who is
/// faster.
const TIMES: u64 = 20;

fn call(id: u64, token: &str) -> String {
    let meta = json!({ "progressToken": token });
    let params = json!({ "name": "clock_sleep", "arguments": {}, "_meta": meta });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
}

fn cancel(id: u64) -> String {
    let method = "notifications/cancelled";
    json!({ "jsonrpc": "2.0", "method": method, "params": { "requestId": id } }).to_string()
}

/// Cancels calls over standard input. `ended` waits until the guest has ended.
fn nothing_follows(server: &mut Server, mut ended: impl FnMut(&mut Server)) {
    server.initialize();
    for id in 1..=TIMES {
        let token = format!("token-{id}");
        server.send(call(id, &token).as_bytes());
        next(&server.stdout, &token);
        server.send(cancel(id).as_bytes());
        // What this answers was read after the cancel.
        let after = 1_000 + id;
        let ping = json!({ "jsonrpc": "2.0", "id": after, "method": "ping" });
        server.send(ping.to_string().as_bytes());
        next(&server.stdout, &format!("\"id\":{after},"));
        ended(server);
        server.ask(2_000 + id, "ping", json!({}));
    }
    let left = server.ask(9_000, "tools/list", json!({}));
    assert!(left["result"].is_object(), "{left}");
}

/// A pipe that says everything that came after each cancel.
fn check(said: &[String]) {
    for id in 1..=TIMES {
        let about = [format!("\"token-{id}\""), format!("\"id\":{id},")];
        let ping = format!("\"id\":{},", 1_000 + id);
        let after = said.iter().skip_while(|line| !line.contains(&ping));
        for line in after {
            let wrong = about.iter().any(|about| line.contains(about));
            assert!(!wrong, "after the cancel of {id}: {line}");
        }
    }
}

/// Tells of each line of standard output that `next` passes over.
fn recorded(server: &mut Server, run: impl FnOnce(&mut Server)) -> Vec<String> {
    let (sender, lines) = std::sync::mpsc::channel();
    let (copy, all) = std::sync::mpsc::channel();
    let inner = std::mem::replace(&mut server.stdout, lines);
    std::thread::spawn(move || {
        for line in inner {
            if copy.send(line.clone()).is_err() || sender.send(line).is_err() {
                return;
            }
        }
    });
    run(server);
    all.try_iter().collect()
}

#[test]
fn nothing_follows_a_cancel_on_standard_output() {
    let scratch = Scratch::new();
    let mut server = Server::start(&scratch, [guest("clock_sleep")]);
    let said = recorded(&mut server, |server| {
        nothing_follows(server, |server| {
            server.complains("outcome=\"cancelled\"");
        });
    });
    check(&said);
}

#[test]
fn nothing_follows_a_cancel_of_an_agents_tool() {
    let scratch = Scratch::new();
    let bin = format!("BIN clock_sleep {}\n", guest("clock_sleep").display());
    let text = format!("FROM scratch\nNAME a\nMODEL builtin/commands\n{bin}");
    let file = scratch.file("Agentfile", text);
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut server = Server::start(&scratch, ["--agent", "a"]);
    let said = recorded(&mut server, |server| {
        // One that was cancelled before it reached the host never ends there.
        nothing_follows(server, |_| {});
    });
    check(&said);
}

/// A server over HTTP, its address and the header of its token.
fn listening(scratch: &Scratch) -> (Server, String, String) {
    let args: [OsString; 3] = [
        "--listen".into(),
        "127.0.0.1:0".into(),
        guest("clock_sleep").into(),
    ];
    let server = Server::start(scratch, args);
    let address = server.address();
    let bearer = format!("Authorization: Bearer {}\r\n", token(scratch));
    (server, address, bearer)
}

#[test]
fn nothing_follows_a_cancel_over_http() {
    let scratch = Scratch::new();
    let (server, address, bearer) = listening(&scratch);
    let session = session(&address, &bearer, "2025-06-18");
    let headers = format!("{bearer}{session}");
    // What belongs to no request comes here.
    let mut rest = TcpStream::connect(&address).expect("it listens");
    let head = format!(
        "GET /mcp HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n{headers}\r\n"
    );
    std::io::Write::write_all(&mut rest, head.as_bytes()).expect("it reads");
    read_until(&mut rest, "\r\n\r\n");
    for id in 1..=TIMES {
        let token = format!("token-{id}");
        let mut stream = post(&address, &address, &headers, &call(id, &token));
        read_until(&mut stream, &token);
        read_until(
            &mut post(&address, &address, &headers, &cancel(id)),
            "HTTP/1.1 202",
        );
        server.complains("outcome=\"cancelled\"");
        // The stream of the call ends, and what it still said was on its way before.
        let (mut text, mut piece) = (String::new(), [0; 4096]);
        while !text.ends_with("0\r\n\r\n") {
            let read = stream.read(&mut piece).expect("it ends");
            assert!(read > 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
        assert!(
            !text.contains("has ended") && !text.contains("\"result\""),
            "{text}"
        );
    }
    rest.set_read_timeout(Some(Duration::from_millis(1)))
        .expect("a timeout");
    let mut text = Vec::new();
    rest.read_to_end(&mut text).ok();
    let text = String::from_utf8_lossy(&text);
    assert!(
        !text.contains("token-") && !text.contains("\"id\""),
        "{text}"
    );
}

/// Some clients take up a stream again that ended without a response.
#[test]
fn a_stream_that_is_taken_up_says_nothing_twice_and_nothing_of_a_cancelled_call() {
    let scratch = Scratch::new();
    let (server, address, bearer) = listening(&scratch);
    let session = session(&address, &bearer, "2025-11-25");
    let headers = format!("{bearer}{session}Connection: close\r\n");
    let take_up = |event: &str| {
        let head = format!(
            "GET /mcp HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\
             Last-Event-ID: {event}\r\n{headers}\r\n"
        );
        let mut stream = TcpStream::connect(&address).expect("it listens");
        std::io::Write::write_all(&mut stream, head.as_bytes()).expect("it reads");
        stream
    };
    let mut stream = post(&address, &address, &headers, &call(1, "token-1"));
    // The id of the event that says so: the first one has no message.
    read_until(&mut stream, "was called");
    let last = "1/0";
    drop(stream);
    // While the call goes on, nothing is told that the client has heard.
    let mut again = take_up(last);
    let later = read_until(&mut again, "goes on for");
    assert!(!later.contains("was called"), "{later}");
    let canceling = post(&address, &address, &headers, &cancel(1));
    read_until(&mut { canceling }, "HTTP/1.1 202");
    server.complains("outcome=\"cancelled\"");
    let mut text = String::new();
    take_up(last).read_to_string(&mut text).expect("it ends");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(
        !text.contains("token-1") && !text.contains("\"id\":1,"),
        "{text}"
    );
}

#[test]
fn a_stream_begins_with_a_message_unless_its_client_knows_more() {
    let scratch = Scratch::new();
    let (_server, address, bearer) = listening(&scratch);
    for (version, primed) in [
        ("2025-03-26", false),
        ("2025-06-18", false),
        ("2025-11-25", true),
    ] {
        let session = session(&address, &bearer, version);
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
        let headers = format!("{bearer}{session}");
        let mut stream = post(&address, &address, &headers, &body);
        let text = read_until(&mut stream, "\"id\":1,");
        let (_, events) = text.split_once("\r\n\r\n").expect("a body");
        let first = events
            .lines()
            .find_map(|line| line.strip_prefix("data:"))
            .expect("an event");
        let message = serde_json::from_str::<Value>(first.trim());
        assert_eq!(message.is_err(), primed, "{version}: {events}");
    }
}
