//! An HTTP server of a test's own, on loopback, in clear or with TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How long a server waits for a client that says nothing more.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A whole response: status and further headers as they go on the wire, and a body.
    Full(&'static str, String),
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

/// A running server; it ends with the test process.
pub(crate) struct Web {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Web {
    /// Starts it; every request gets the reply of the longest path that it begins with.
    pub(crate) fn start(replies: &[(&'static str, Reply)]) -> Self {
        Self::serve(replies, |stream| Some(Box::new(stream)))
    }

    /// The same with TLS for `name`, with a certificate that the returned one (PEM) has signed.
    pub(crate) fn start_tls(name: &str, replies: &[(&'static str, Reply)]) -> (Self, String) {
        let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority =
            rcgen::CertifiedIssuer::self_signed(authority, rcgen::KeyPair::generate().expect("a key")).expect("a root");
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = rcgen::CertificateParams::new([name.to_owned()]).expect("a name");
        let certificate = certificate.signed_by(&key, &authority).expect("a certificate");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .expect("a certificate and its key");
        let config = Arc::new(config);
        let web = Self::serve(replies, move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).ok()?;
            Some(Box::new(StreamOwned::new(connection, stream)))
        });
        (web, authority.pem())
    }

    fn serve(
        replies: &[(&'static str, Reply)],
        wrap: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + 'static,
    ) -> Self {
        let replies: Arc<[_]> = replies.into();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let (connections, heads) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let web = Self { address, connections: Arc::clone(&connections), heads: Arc::clone(&heads) };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::SeqCst);
                stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
                let (Some(stream), replies, heads) = (wrap(stream), Arc::clone(&replies), Arc::clone(&heads)) else {
                    continue;
                };
                // A client that goes away in the middle is what several tests are about.
                thread::spawn(move || converse(stream, &replies, &heads).ok());
            }
        });
        web
    }

    /// Connections that were made, whatever came of them.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The heads of all requests: request line and headers, as they came.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no thread panicked").clone()
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

fn converse(stream: Box<dyn Stream>, replies: &[(&str, Reply)], heads: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    heads.lock().expect("no thread panicked").push(head.clone());
    let path = head.split(' ').nth(1).unwrap_or_default();
    let reply = replies.iter().filter(|(prefix, _)| path.starts_with(prefix)).max_by_key(|(prefix, _)| prefix.len());
    let out = stream.get_mut();
    let whole = |head: &str, body: &str| {
        format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    };
    match reply.map(|(_, reply)| reply) {
        Some(Reply::Full(head, body)) => out.write_all(whole(head, body).as_bytes())?,
        Some(Reply::Echo) => out.write_all(whole("200 OK", &head).as_bytes())?,
        Some(Reply::Endless) => {
            out.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
            let chunk = format!("10000\r\n{}\r\n", "e".repeat(0x10000));
            loop {
                out.write_all(chunk.as_bytes())?;
            }
        }
        Some(Reply::Hold) => {
            out.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")?;
            out.flush()?;
            stream.read_to_end(&mut Vec::new())?;
            return Ok(());
        }
        Some(Reply::Sink) => {}
        Some(Reply::Headers(count)) => {
            let headers: String = (0..*count).map(|number| format!("x-{number}: v\r\n")).collect();
            out.write_all(format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n").as_bytes())?;
        }
        Some(Reply::Trailers(lines)) => {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            out.write_all(format!("{head}5\r\nhello\r\n0\r\n{lines}\r\n").as_bytes())?;
        }
        None => out.write_all(whole("404 Not Found", "").as_bytes())?,
    }
    out.flush()?;
    // What the client still sends is read, so that closing does not throw away what it has not read yet.
    std::io::copy(&mut stream, &mut std::io::sink())?;
    Ok(())
}
