//! Connections of tools over TCP.

use crate::guest;
use crate::row::{Row, row};

const DECLARED: &str = "[[tcp]]\nhost = \"*.test\"\nports = [{port}]\nreason = \"to try\"\n";

/// The operator's offers: everything at that port, with loopback for the corpus's web server.
const OFFERED: &[&str] = &["--tcp", "*:{port}", "--allow-address", "127.0.0.1/32"];

/// The same without loopback.
const PUBLIC: &[&str] = &["--tcp", "*:{port}"];

/// A guest that connects as much as it may.
const fn client(guest: guest::Guest, args: &'static [&'static str], outcome: &'static str) -> Row {
    Row {
        manifest: DECLARED,
        flags: OFFERED,
        args,
        ..row(guest, outcome)
    }
}

/// Connections that must not come about, with what the receipt says of one of them.
const fn refused(args: &'static [&'static str], says: &'static str) -> Row {
    Row {
        says,
        ..client(guest::TCP_CONNECT, args, "guest-error")
    }
}

/// A name that leads where no tool may go.
const fn inside(args: &'static [&'static str], says: &'static str) -> Row {
    Row {
        flags: PUBLIC,
        ..refused(args, says)
    }
}

pub(super) const ROWS: &[Row] = &[
    // Without a row in the manifest there are no sockets at all.
    Row {
        manifest: "",
        ..refused(
            &["a.test:{port}", "127.0.0.1:{port}"],
            "tcp a.test: the host is not granted",
        )
    },
    Row {
        manifest: "",
        ..refused(&[], "udp: no tool gets it")
    },
    refused(&[], "tcp: no tool listens"),
    refused(
        &["unknown.example:{port}"],
        "tcp unknown.example: the host is not granted",
    ),
    // The grant is for the name: its address is nothing before the name was looked up.
    refused(
        &["127.0.0.1:{port}"],
        "tcp 127.0.0.1:{port}: neither granted",
    ),
    inside(
        &["a.test:{port}"],
        "tcp a.test: it resolves to 127.0.0.1, which is loopback",
    ),
    inside(
        &["metadata.test:{port}"],
        "tcp metadata.test: it resolves to 169.254.169.254",
    ),
    inside(&["mapped-loopback.test:{port}"], "which is loopback"),
    refused(
        &["mixed.test:{port}"],
        "tcp mixed.test: it resolves to 169.254.169.254",
    ),
    // What is granted works, and is counted.
    Row {
        reaches: 1,
        says: "GET /echo HTTP/1.0",
        ..client(
            guest::TCP_FETCH,
            &["a.test:{port}", "GET /echo HTTP/1.0\r\n\r\n"],
            "ok",
        )
    },
    Row {
        reaches: 4,
        says: "tcp-connections: 1 refused beyond 4",
        ..client(guest::TCP_MANY, &["a.test:{port}"], "guest-error")
    },
    // Each socket may hold what a slow server does not take.
    Row {
        reaches: 2,
        limits: "host-memory = \"300KiB\"",
        says: "buffers of a socket: 131072 more bytes",
        ..client(guest::TCP_MANY, &["a.test:{port}"], "guest-error")
    },
];
