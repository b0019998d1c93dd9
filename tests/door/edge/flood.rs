//! Clients that hold what a host has for all of them. They write HTTP/2 themselves: no library
//! sends what these do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::{PATIENCE, agentfile, memory_mib};
use crate::support::{Host, Scratch, cofferdam};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [
        &length[1..],
        &[kind, flags][..],
        &stream.to_be_bytes()[..],
        payload,
    ]
    .concat()
}

/// The head of a request of gRPC, in HPACK (RFC 7541): the static table, and values without Huffman
/// coding.
fn head(path: &str, token: &str) -> Vec<u8> {
    let text = |text: &str| {
        [
            &[u8::try_from(text.len()).expect("short")][..],
            text.as_bytes(),
        ]
        .concat()
    };
    let bearer = format!("Bearer {token}");
    [
        vec![0x83, 0x86, 0x04],
        text(path),
        vec![0x01],
        text("localhost"),
        vec![0x0f, 0x10],
        text("application/grpc"),
        vec![0x00],
        text("te"),
        text("trailers"),
        vec![0x0f, 0x08],
        text(&bearer),
    ]
    .concat()
}

/// A connection that is written and read by hand.
trait Wire: Read + Write {
    fn set_patience(&self, patience: Duration);
}

impl Wire for TcpStream {
    fn set_patience(&self, patience: Duration) {
        self.set_read_timeout(Some(patience)).expect("a timeout");
    }
}

impl Wire for UnixStream {
    fn set_patience(&self, patience: Duration) {
        self.set_read_timeout(Some(patience)).expect("a timeout");
    }
}

/// Connections with requests under way.
struct Flood {
    /// Each with what was read of it and is no whole frame yet.
    connections: Vec<(Box<dyn Wire>, Vec<u8>)>,
    /// The heads of answers that have come.
    answered: usize,
}

impl Flood {
    /// Begins so many of these requests on each connection.
    fn begin(
        connections: Vec<Box<dyn Wire>>,
        count: u32,
        request: impl Fn(u32) -> Vec<u8>,
    ) -> Self {
        let requests = (0..count).flat_map(|number| request(2 * number + 1));
        let bytes: Vec<_> = [PREFACE, &frame(SETTINGS, 0, 0, &[])[..]]
            .concat()
            .into_iter()
            .chain(requests)
            .collect();
        let begun = |mut connection: Box<dyn Wire>| {
            connection.set_patience(Duration::from_millis(10));
            connection.write_all(&bytes).expect("the host reads");
            (connection, Vec::new())
        };
        Self {
            connections: connections.into_iter().map(begun).collect(),
            answered: 0,
        }
    }

    /// Waits until so many requests have an answer.
    #[track_caller]
    fn wait(&mut self, answers: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.answered < answers {
            assert!(
                Instant::now() < deadline,
                "{} of {answers} requests were answered",
                self.answered
            );
            for (connection, begun) in &mut self.connections {
                let mut piece = [0; 64 << 10];
                let read = connection.read(&mut piece).unwrap_or_default();
                begun.extend_from_slice(&piece[..read]);
                while let Some((kind, rest)) = whole_frame(begun) {
                    self.answered += usize::from(kind == HEADERS);
                    *begun = rest;
                }
            }
        }
    }
}

/// The kind of the first frame, if all of it has come, and what comes after it.
fn whole_frame(bytes: &[u8]) -> Option<(u8, Vec<u8>)> {
    let [a, b, c, kind, ..] = *bytes else {
        return None;
    };
    let end = 9 + usize::try_from(u32::from_be_bytes([0, a, b, c])).expect("short");
    Some((kind, bytes.get(end..)?.to_vec()))
}

fn start(scratch: &Scratch) -> Host<'_> {
    let file = agentfile(scratch, "a", "builtin/commands", &[]);
    Host::listening(scratch, ["--agentfile".as_ref(), file.as_os_str()])
}

fn sockets(scratch: &Scratch, count: usize) -> Vec<Box<dyn Wire>> {
    let connect =
        || UnixStream::connect(scratch.data().join("cofferdam.sock")).expect("it listens");
    (0..count)
        .map(|_| Box::new(connect()) as Box<dyn Wire>)
        .collect()
}

const CHAT: &str = "/openotters.agent.v1.AgentRuntime/Chat";
const WATCH: &str = "/grpc.health.v1.Health/Watch";

#[test]
fn a_message_is_charged_when_it_is_announced() {
    let scratch = Scratch::new();
    let host = start(&scratch);
    let before = memory_mib(host.pid());
    let announced = [
        &[0][..],
        &(2_u32 << 20).to_be_bytes()[..],
        &b"ten bytes."[..],
    ]
    .concat();
    let mut flood = Flood::begin(sockets(&scratch, 10), 100, |stream| {
        [
            frame(HEADERS, END_HEADERS, stream, &head(CHAT, "")),
            frame(DATA, 0, stream, &announced),
        ]
        .concat()
    });
    // The others are those that fit into 128 MiB.
    flood.wait(1_000 - 64);
    let grown = memory_mib(host.pid()).saturating_sub(before);
    assert!(
        grown < 500,
        "1000 requests that announce 2 MiB each take {grown} MiB"
    );
}

#[test]
fn clients_over_tcp_leave_places_to_the_socket() {
    let scratch = Scratch::new();
    let host = start(&scratch);
    let token = std::fs::read_to_string(scratch.data().join("operator.token")).expect("a token");
    let connect = || TcpStream::connect(&host.address).expect("it listens");
    let connections = (0..10)
        .map(|_| Box::new(connect()) as Box<dyn Wire>)
        .collect();
    // Requests whose bodies never come.
    let mut flood = Flood::begin(connections, 128, |stream| {
        frame(HEADERS, END_HEADERS, stream, &head(CHAT, token.trim_end()))
    });
    // Those that are refused: three quarters of 1024 may be under way.
    flood.wait(1_280 - 768);
    cofferdam(&scratch, ["ps"]).run().exits(0);
}

#[test]
fn clients_that_watch_the_health_leave_places_to_others() {
    let scratch = Scratch::new();
    let _host = start(&scratch);
    // A connection for each, as many as there may be.
    let mut flood = Flood::begin(sockets(&scratch, 128), 1, |stream| {
        [
            frame(HEADERS, END_HEADERS, stream, &head(WATCH, "")),
            frame(DATA, END_STREAM, stream, &[0; 5]),
        ]
        .concat()
    });
    flood.wait(128);
    cofferdam(&scratch, ["ps"]).run().exits(0);
}
