//! The time from a model's first byte to the first text that a client sees. The model is a server
//! on loopback, which notes when it sends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};

use crate::client::Client;
use crate::support::{Host, Scratch};
use crate::{count, median};

const FIRST: Duration = Duration::from_millis(1);

/// The time between the first piece and the rest, so that they do not travel together.
const PACE: Duration = Duration::from_millis(5);

/// Turns that are measured, after some that are not.
const TURNS: usize = 400;
const WARM: usize = 40;

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const PIECE: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one\"},\
    \"finish_reason\":null}]}\n\n";
const REST: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" two\"},\
    \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let (sender, sent) = channel();
    thread::spawn(move || serve(&listener, &sender));
    configure(&scratch, address);
    let agent = "FROM scratch\nNAME talker\nMODEL openai/m\n";
    let file = scratch.file("Agentfile", agent);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let client = Client::connect(&host);
    let mut turn = 0;
    let mut one = || {
        turn += 1;
        first(&client, &sent, turn)
    };
    for _ in 0..count(WARM) {
        one();
    }
    let mut times: Vec<_> = (0..count(TURNS)).map(|_| one()).collect();
    host.kill();
    times.sort();
    let late = times[times.len() * 99 / 100];
    let first = median(times);
    report.row(
        "first `text.delta` at the client after the model's first byte, median",
        &format!("{} (p99: {})", time(first), time(late)),
        "≤ 1 ms",
        first <= FIRST,
    );
}

/// The time of one turn in a session of its own.
fn first(client: &Client, sent: &Receiver<Instant>, turn: usize) -> Duration {
    // Anything that the host asked by itself is no turn.
    while sent.try_recv().is_ok() {}
    let heard = client.turn("talker", &format!("session-{turn}")).first_text;
    let sent = sent.recv().expect("the model has answered");
    heard.expect("text came").duration_since(sent)
}

/// The provider of the model.
fn configure(scratch: &Scratch, address: SocketAddr) {
    let providers = format!(
        "providers:\n  - name: openai\n    api-key: none\n    api-base: http://{address}/v1/\n"
    );
    let file = scratch.file("data/providers.yaml", providers);
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o600)).expect("a mode");
}

/// Answers every request, and says when it begins to.
fn serve(listener: &TcpListener, sent: &Sender<Instant>) {
    for stream in listener.incoming().map_while(Result::ok) {
        if let Some(moment) = answer(stream) {
            sent.send(moment).ok();
        }
    }
}

/// Answers one request; none where the connection ends without one.
fn answer(stream: TcpStream) -> Option<Instant> {
    stream.set_nodelay(true).ok()?;
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    stream
        .by_ref()
        .take(length)
        .read_to_end(&mut Vec::new())
        .ok()?;
    let mut stream = stream.into_inner();
    let begun = Instant::now();
    stream.write_all([HEAD, PIECE].concat().as_bytes()).ok()?;
    thread::park_timeout(PACE);
    stream.write_all(REST.as_bytes()).ok()?;
    Some(begun)
}
