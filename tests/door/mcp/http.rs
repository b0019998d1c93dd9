//! The door over HTTP: for the operator alone.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::mcp::{PATIENCE, Server, token};
use crate::support::{Scratch, cofferdam, tool};

/// Sends a request, and leaves its answer to be read.
#[track_caller]
pub(super) fn post(address: &str, host: &str, headers: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    // A server that refuses may stop reading.
    stream.write_all(request.as_bytes()).ok();
    stream
}

/// Reads until `part` has come.
#[track_caller]
pub(super) fn read_until(stream: &mut TcpStream, part: &str) -> String {
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    while !text.contains(part) {
        let read = stream.read(&mut piece).unwrap_or(0);
        assert!(read > 0, "`{part}` is not in {text}");
        text.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    text
}

/// As `curl` says by itself that it takes every type, and other clients by saying nothing.
#[test]
fn a_client_that_takes_every_type_is_answered() {
    let scratch = Scratch::new();
    let args = ["--listen".into(), "127.0.0.1:0".into()];
    let tools = [tool("wc").into_os_string()];
    let server = Server::start(&scratch, args.into_iter().chain(tools));
    let address = server.address();
    let token = token(&scratch);
    let client = json!({ "name": "test", "version": "0" });
    let params =
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let body =
        json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }).to_string();
    for (accept, status) in [
        ("", "200"),
        ("Accept: */*\r\n", "200"),
        ("Accept: text/html, */*;q=0.1\r\n", "200"),
        (
            "Accept: text/event-stream\r\nAccept: application/json\r\n",
            "200",
        ),
        ("Accept: application/json\r\n", "406"),
        ("Accept: text/html\r\n", "406"),
    ] {
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Authorization: Bearer {token}\r\nContent-Length: {}\r\n{accept}\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(&address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
            .write_all((head + &body).as_bytes())
            .expect("it reads");
        let answer = read_until(&mut stream, "\r\n");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{accept}: {answer}"
        );
    }
}

#[test]
fn the_door_over_http_is_for_the_operator_alone() {
    let scratch = Scratch::new();
    let server = Server::start(
        &scratch,
        [
            "--listen".into(),
            "127.0.0.1:0".into(),
            tool("wc").into_os_string(),
        ],
    );
    let address = server.address();
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    let token = token(&scratch);
    let client = json!({ "name": "test", "version": "0" });
    let params =
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let body =
        json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }).to_string();
    let status = |host: &str, headers: &str, body: &str| {
        let text = read_until(&mut post(&address, host, headers, body), "\r\n\r\n");
        text.split_whitespace()
            .nth(1)
            .expect("a status")
            .parse::<u16>()
            .expect("a number")
    };
    let bearer = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(status(&address, &bearer, &body), 200);
    assert_eq!(status(&format!("localhost:{port}"), &bearer, &body), 200);
    // Without the token, with a wrong one, with a part of it, with more, in another scheme.
    let (part, more, wrong) = (
        &token[..token.len() - 1],
        format!("{token}0"),
        "0".repeat(token.len()),
    );
    for sent in [
        "",
        &format!("Bearer {part}"),
        &format!("Bearer {more}"),
        &format!("Bearer {wrong}"),
        &format!("Basic {token}"),
        &token,
    ] {
        let header = if sent.is_empty() {
            String::new()
        } else {
            format!("Authorization: {sent}\r\n")
        };
        assert_eq!(status(&address, &header, &body), 401, "{sent}");
    }
    // A page that reaches loopback under a name of its own, or from an origin of its own.
    for host in [
        "evil.example",
        &format!("evil.example:{port}"),
        "127.0.0.1:1",
        &format!("127.0.0.1.evil.example:{port}"),
    ] {
        assert_eq!(status(host, &bearer, &body), 403, "{host}");
    }
    for origin in [
        "http://evil.example",
        "https://evil.example",
        "null",
        &format!("http://127.0.0.1.evil.example:{port}"),
    ] {
        assert_eq!(
            status(&address, &format!("{bearer}Origin: {origin}\r\n"), &body),
            403,
            "{origin}"
        );
    }
    assert_eq!(
        status(
            &address,
            &format!("{bearer}Origin: http://127.0.0.1:{port}\r\n"),
            &body
        ),
        200
    );
    assert_eq!(
        status(
            &address,
            &format!("{bearer}Mcp-Session-Id: made-up\r\n"),
            &body
        ),
        404
    );
    assert_eq!(status(&address, &bearer, &"x".repeat(13 << 20)), 413);
    assert_eq!(status(&address, &bearer, "not JSON"), 400);
    // Sessions of clients that never come back do not pile up.
    let statuses: Vec<_> = (0..64).map(|_| status(&address, &bearer, &body)).collect();
    assert_eq!(statuses.last(), Some(&503), "{statuses:?}");
}

#[test]
fn the_token_is_made_once_and_for_this_user() {
    let scratch = Scratch::new();
    let line = || {
        [
            "--listen".into(),
            "127.0.0.1:0".into(),
            tool("wc").into_os_string(),
        ]
    };
    let file = scratch.data().join("operator.token");
    Server::start(&scratch, line()).address();
    let (first, mode) = (
        token(&scratch),
        file.metadata().expect("a file").permissions().mode(),
    );
    assert_eq!((first.len(), mode & 0o777), (64, 0o600));
    Server::start(&scratch, line()).address();
    assert_eq!(token(&scratch), first);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).expect("ours");
    let refused = |env: &str, code| {
        let mut ran = cofferdam(&scratch, [vec!["mcp".into()], line().to_vec()].concat());
        if !env.is_empty() {
            ran = ran.env("COFFERDAM_TOKEN", env);
        }
        ran.run().exits(code)
    };
    refused("", 3).complains(&["others may read", "operator.token"]);
    for bad in [
        "short",
        "with a space in the middle of it",
        "with-ümlauts-in-the-middle",
    ] {
        refused(bad, 2).complains(&["COFFERDAM_TOKEN", "16 to 4096 visible ASCII"]);
    }
}

#[test]
fn bodies_of_all_connections_together_are_bounded() {
    let scratch = Scratch::new();
    let server = Server::start(
        &scratch,
        [
            "--listen".into(),
            "127.0.0.1:0".into(),
            tool("wc").into_os_string(),
        ],
    );
    let (address, bearer) = (
        server.address(),
        format!("Authorization: Bearer {}\r\n", token(&scratch)),
    );
    // Each lacks the end of its body. More of them than 384 MiB hold.
    let part = vec![b' '; 11 << 20];
    let mut begun: Vec<_> = (0..36)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).expect("it listens");
            let head = format!(
                "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n{bearer}\r\n",
                12 << 20
            );
            stream.write_all(head.as_bytes()).expect("the server reads");
            // One that is refused is not read to its end.
            stream.write_all(&part).ok();
            stream
                .set_read_timeout(Some(std::time::Duration::from_millis(10)))
                .expect("a timeout");
            stream
        })
        .collect();
    let deadline = std::time::Instant::now() + PATIENCE;
    // The answer is lost where the rest of the body comes to a closed connection.
    let is_refused = |stream: &mut TcpStream| {
        let mut status = [0; 12];
        match stream.read(&mut status) {
            Ok(read) => status.get(..read) == Some(b"HTTP/1.1 503"),
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    };
    while !begun.iter_mut().any(is_refused) {
        assert!(std::time::Instant::now() < deadline, "no body was refused");
    }
    drop(begun);
    // What they held is free again.
    let served = || {
        let client = json!({ "name": "test", "version": "0" });
        let params =
            json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params })
            .to_string();
        read_until(&mut post(&address, &address, &bearer, &body), "\r\n\r\n")
            .starts_with("HTTP/1.1 200")
    };
    while !served() {
        assert!(
            std::time::Instant::now() < deadline,
            "what was held is not given back"
        );
    }
}
