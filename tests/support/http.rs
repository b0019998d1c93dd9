//! Requests over HTTP/1.1, for pages of a host.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// The longest time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    /// The head, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Reads a page at an address of TCP or `unix:PATH`, with a token if there is one.
#[track_caller]
pub(crate) fn get(address: &str, path: &str, token: Option<&str>) -> Page {
    ask(address, "GET", path, token)
}

/// The same with another method.
#[track_caller]
pub(crate) fn ask(address: &str, method: &str, path: &str, token: Option<&str>) -> Page {
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n",
        token.unwrap_or_default()
    );
    let answer = match address.strip_prefix("unix:") {
        Some(path) => {
            let stream = UnixStream::connect(path).expect("the socket is there");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            answered(stream, &request)
        }
        None => {
            let stream = TcpStream::connect(address).expect("it listens");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            answered(stream, &request)
        }
    };
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).expect("a status");
    Page {
        status: status.parse().expect("a number"),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

#[track_caller]
fn answered(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
