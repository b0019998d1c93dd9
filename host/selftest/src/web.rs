//! An HTTP server on loopback that answers as badly as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::problem::Problem;

/// The longest time a server waits for a client that says nothing more.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest head of a request that is read, in bytes.
const MAX_HEAD: u64 = 1 << 20;

/// Maximum bytes after the head of a request that are kept for the tests. Rows about what a server
/// reads send less.
const MAX_REST: usize = 64 << 10;

/// The server's answer to a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A whole response: status and further headers as they go on the wire, and a body.
    Full(&'static str, String),
    /// The same with a body that is no text.
    Bytes(&'static str, Vec<u8>),
    /// The head of the request as the body.
    Echo,
    /// A body in chunks that has no end.
    Endless,
    /// The head of a response, and then nothing until the client goes.
    Hold,
    /// Nothing at all, whatever the client sends.
    Sink,
    /// So many headers.
    Headers(usize),
    /// A body in one chunk, and this after it: lines as they go on the wire.
    Trailers(&'static str),
}

/// A running server; it ends with the process.
#[derive(Debug)]
pub struct Web {
    /// The address it listens on.
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    seen: Arc<Seen>,
}

/// A request as the server read it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The request line and the headers, as they came.
    pub head: String,
    /// The beginning of everything that came after the head on the same connection, once the client
    /// has closed it.
    pub rest: Vec<u8>,
    is_over: bool,
}

/// The requests of all connections.
#[derive(Debug, Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    ended: Condvar,
}

impl Seen {
    fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request of which the head is there, and returns its place.
    fn begin(&self, head: String) -> usize {
        let mut requests = self.requests();
        requests.push(Request {
            head,
            ..Request::default()
        });
        requests.len() - 1
    }

    /// The connection of the request at `place` has ended.
    fn end(&self, place: usize, rest: Vec<u8>) {
        if let Some(request) = self.requests().get_mut(place) {
            request.rest = rest;
            request.is_over = true;
        }
        self.ended.notify_all();
    }
}

/// The stream that a server reads from and writes to: a socket, or TLS over one.
pub trait Connection: Read + Write + Send {}
impl<T: Read + Write + Send> Connection for T {}

impl Web {
    /// Starts it; every request gets the reply of the longest path that it begins with.
    ///
    /// # Errors
    /// Loopback has no free port.
    pub fn start(replies: &[(&'static str, Reply)]) -> Result<Self, Problem> {
        Self::serve(replies, |stream| Some(Box::new(stream)))
    }

    /// The same, with something between the socket and HTTP.
    ///
    /// # Errors
    /// Loopback has no free port.
    pub fn serve(
        replies: &[(&'static str, Reply)],
        wrap: impl Fn(TcpStream) -> Option<Box<dyn Connection>> + Send + 'static,
    ) -> Result<Self, Problem> {
        let replies: Arc<[_]> = replies.into();
        let listener = Problem::at("a free port", TcpListener::bind("127.0.0.1:0"))?;
        let address = Problem::at("a bound socket", listener.local_addr())?;
        let connections = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new(Seen::default());
        let web = Self {
            address,
            connections: Arc::clone(&connections),
            seen: Arc::clone(&seen),
        };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::SeqCst);
                if stream.set_read_timeout(Some(PATIENCE)).is_err() {
                    continue;
                }
                let (Some(stream), replies, seen) =
                    (wrap(stream), Arc::clone(&replies), Arc::clone(&seen))
                else {
                    continue;
                };
                // A client that goes away in the middle is what several rows are about.
                thread::spawn(move || converse(stream, &replies, &seen).ok());
            }
        });
        Ok(web)
    }

    /// Connections that were made, whatever came of them.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The heads of all requests: request line and headers, as they came.
    pub fn heads(&self) -> Vec<String> {
        let requests = self.seen.requests();
        requests
            .iter()
            .map(|request| request.head.clone())
            .collect()
    }

    /// All requests with what came after their heads. It waits until their clients have gone, or
    /// have said nothing for half a minute.
    pub fn requests(&self) -> Vec<Request> {
        let is_open = |requests: &mut Vec<Request>| requests.iter().any(|one| !one.is_over);
        let waited = self
            .seen
            .ended
            .wait_timeout_while(self.seen.requests(), PATIENCE, is_open);
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

/// Reads a request, answers it, and reads on until the client has gone.
fn converse(
    stream: Box<dyn Connection>,
    replies: &[(&str, Reply)],
    seen: &Seen,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream.take(u64::MAX));
    stream.get_mut().set_limit(MAX_HEAD);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    stream.get_mut().set_limit(u64::MAX);
    let place = seen.begin(head.clone());
    let mut rest = Vec::new();
    let answered = answer(&mut stream, replies, &head);
    // What the client still sends is read, so that closing does not throw away what it has not read
    // yet.
    let read = answered.and_then(|()| {
        let mut kept = stream.by_ref().take(MAX_REST as u64);
        kept.read_to_end(&mut rest)?;
        std::io::copy(&mut stream, &mut std::io::sink())
    });
    seen.end(place, rest);
    read.map(drop)
}

fn answer(
    stream: &mut BufReader<std::io::Take<Box<dyn Connection>>>,
    replies: &[(&str, Reply)],
    head: &str,
) -> std::io::Result<()> {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let reply = replies
        .iter()
        .filter(|(prefix, _)| path.starts_with(prefix))
        .max_by_key(|(prefix, _)| prefix.len());
    let out = stream.get_mut().get_mut();
    let whole = |head: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    match reply.map(|(_, reply)| reply) {
        Some(Reply::Full(head, body)) => out.write_all(&whole(head, body.as_bytes()))?,
        Some(Reply::Bytes(head, body)) => out.write_all(&whole(head, body))?,
        Some(Reply::Echo) => out.write_all(&whole("200 OK", head.as_bytes()))?,
        Some(Reply::Endless) => {
            out.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
            let chunk = format!("10000\r\n{}\r\n", "e".repeat(0x10000));
            // Ends with the client.
            loop {
                out.write_all(chunk.as_bytes())?;
            }
        }
        Some(Reply::Hold) => {
            out.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")?;
            out.flush()?;
        }
        Some(Reply::Sink) => {}
        Some(Reply::Headers(count)) => {
            let headers: String = (0..*count)
                .map(|number| format!("x-{number}: v\r\n"))
                .collect();
            out.write_all(
                format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n").as_bytes(),
            )?;
        }
        Some(Reply::Trailers(lines)) => {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            out.write_all(format!("{head}5\r\nhello\r\n0\r\n{lines}\r\n").as_bytes())?;
        }
        None => out.write_all(&whole("404 Not Found", b""))?,
    }
    out.flush()
}
