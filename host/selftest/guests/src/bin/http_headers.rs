//! Sets headers that belong to the connection, and headers with line breaks in them, which a server
//! would read as further headers or as another request. All of them must be refused.

use std::io;
use std::process::ExitCode;

use cofferdam_guests::verdict;
use wasip2::http::types::Fields;

fn main() -> ExitCode {
    verdict([
        ("host", set("host", b"169.254.169.254")),
        ("connection", set("Connection", b"keep-alive, x-secret")),
        ("keep-alive", set("keep-alive", b"timeout=5")),
        (
            "proxy-authorization",
            set("proxy-authorization", b"Basic eA=="),
        ),
        ("proxy-connection", set("proxy-connection", b"close")),
        ("te", set("te", b"trailers")),
        ("trailer", set("trailer", b"x-secret")),
        ("transfer-encoding", set("transfer-encoding", b"chunked")),
        ("upgrade", set("upgrade", b"websocket")),
        // What some servers read as another name.
        ("transfer_encoding", set("Transfer_Encoding", b"chunked")),
        (
            "proxy_authorization",
            set("proxy_authorization", b"Basic eA=="),
        ),
        ("http2_settings", set("http2_settings", b"x")),
        ("content_length", set("content_length", b"1")),
        ("a line break in a value", set("x-a", b"a\r\nx-injected: b")),
        ("a line feed in a value", set("x-a", b"a\nx-injected: b")),
        ("a carriage return in a value", set("x-a", b"a\rb")),
        ("a NUL in a value", set("x-a", b"a\0b")),
        ("a line break in a name", set("x-a\r\nx-injected", b"b")),
        ("a space in a name", set("x a", b"b")),
        ("a colon in a name", set("x-a:", b"b")),
        ("no name", set("", b"b")),
        (
            "a list",
            Fields::from_list(&[("transfer-encoding".to_owned(), b"chunked".to_vec())])
                .map(done)
                .map_err(other),
        ),
    ])
}

fn set(name: &str, value: &[u8]) -> io::Result<String> {
    let fields = Fields::new();
    fields.append(name, value).map_err(other)?;
    Ok(done(fields))
}

fn done(fields: Fields) -> String {
    format!("{:?}", fields.entries())
}

fn other(error: impl std::fmt::Debug) -> io::Error {
    io::Error::other(format!("{error:?}"))
}
