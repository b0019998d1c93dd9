//! A registry that does what no real one would: wrong lengths, broken connections, bodies without
//! end.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How long it waits for a client that says nothing more.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest request that is read, in bytes.
const MAX_REQUEST: u64 = 64 << 20;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const WASM: &str = "application/wasm";
pub(crate) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
pub(crate) const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const TAR_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// The smallest thing that begins as a component does.
pub(crate) const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// One request, as far as tests ask.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Every header, its name in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// How many requests for this path came before.
    pub(crate) before: usize,
}

/// What is answered.
pub(crate) struct Answer {
    pub(crate) status: &'static str,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) ending: Ending,
}

/// How an answer ends.
pub(crate) enum Ending {
    /// As it should.
    Whole,
    /// The length says so much, the body is what it is, and then the connection is closed.
    Says(u64),
    /// The body comes again and again, in chunks, until nobody listens.
    Never,
}

impl Answer {
    pub(crate) fn new(status: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            ending: Ending::Whole,
        }
    }

    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new("200 OK", body)
    }

    pub(crate) fn header(mut self, header: impl Into<String>) -> Self {
        self.headers.push(header.into());
        self
    }

    pub(crate) fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }
}

/// What a liar has: blobs and manifests by digest, manifests by tag.
#[derive(Default)]
pub(crate) struct Shelf {
    things: HashMap<String, (String, Vec<u8>)>,
}

impl Shelf {
    /// Puts a blob there and describes it.
    pub(crate) fn blob(&mut self, media_type: &str, content: impl Into<Vec<u8>>) -> Value {
        let content = content.into();
        let digest = digest(&content);
        let descriptor =
            json!({ "mediaType": media_type, "digest": digest, "size": content.len() });
        self.things.insert(digest, (media_type.to_owned(), content));
        descriptor
    }

    /// The same for a JSON document.
    pub(crate) fn json(&mut self, media_type: &str, document: &Value) -> Value {
        self.blob(media_type, document.to_string())
    }

    /// A manifest over these blobs.
    pub(crate) fn manifest(&mut self, config: Value, layers: Value) -> Value {
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config,
            "layers": layers });
        self.json(MANIFEST, &manifest)
    }

    /// A config and a layer as they should be, with this component.
    pub(crate) fn sound(&mut self, component: &[u8]) -> (Value, Value) {
        let layer = self.blob(WASM, component);
        let config =
            json!({ "architecture": "wasm", "os": "wasip2", "layerDigests": [layer["digest"]] });
        (self.json(WASM_CONFIG, &config), layer)
    }

    /// Gives a tag to what is described.
    pub(crate) fn tag(&mut self, tag: &str, descriptor: &Value) {
        let thing = self.things[descriptor["digest"].as_str().expect("a digest")].clone();
        self.things.insert(tag.to_owned(), thing);
    }
}

/// The digest of some bytes, as OCI spells it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}

/// Says otherwise than its shelf would, for requests it cares about.
type Lie = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

/// A running liar; it ends with the test process.
pub(crate) struct Liar {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Liar {
    /// Starts it with what is on its shelf; `lie` says otherwise where it gives an answer.
    pub(crate) fn start(
        shelf: Shelf,
        lie: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, shelf, lie): (_, _, Arc<Lie>) =
            (Arc::clone(&asked), Arc::new(shelf), Arc::new(lie));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
                let (log, shelf, lie) = (Arc::clone(&log), Arc::clone(&shelf), Arc::clone(&lie));
                // A client that goes away in the middle is what several tests are about.
                thread::spawn(move || converse(stream, &log, &shelf, &*lie).ok());
            }
        });
        Self { address, asked }
    }

    /// Starts one that is honest.
    pub(crate) fn honest(shelf: Shelf) -> Self {
        Self::start(shelf, |_| None)
    }

    /// A reference to something in it.
    pub(crate) fn reference(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// `METHOD path` of every request so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no thread panicked").clone()
    }
}

fn converse(
    stream: TcpStream,
    log: &Mutex<Vec<String>>,
    shelf: &Shelf,
    lie: &Lie,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut words = line.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default().to_owned(),
        words.next().unwrap_or_default().to_owned(),
    );
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        if stream.read_line(&mut header)? == 0 || header == "\r\n" {
            break;
        }
        if let Some((name, value)) = header.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let length: u64 = headers
        .get("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let mut body = Vec::new();
    stream
        .by_ref()
        .take(length.min(MAX_REQUEST))
        .read_to_end(&mut body)?;
    let asked = format!("{method} {path}");
    let before = {
        let mut log = log.lock().expect("no thread panicked");
        let before = log.iter().filter(|one| **one == asked).count();
        log.push(asked);
        before
    };
    let request = Request {
        method,
        path,
        headers,
        body,
        before,
    };
    let answer = lie(&request).unwrap_or_else(|| honest(&request, shelf));
    let out = stream.get_mut();
    let Answer {
        status,
        headers,
        body,
        ending,
    } = answer;
    let mut head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
    for header in headers {
        head += &format!("{header}\r\n");
    }
    match ending {
        Ending::Whole => head += &format!("content-length: {}\r\n\r\n", body.len()),
        Ending::Says(length) => head += &format!("content-length: {length}\r\n\r\n"),
        Ending::Never => head += "transfer-encoding: chunked\r\n\r\n",
    }
    out.write_all(head.as_bytes())?;
    if request.method != "HEAD" {
        match ending {
            Ending::Whole | Ending::Says(_) => out.write_all(&body)?,
            Ending::Never => {
                let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n"].concat();
                loop {
                    out.write_all(&chunk)?;
                }
            }
        }
    }
    out.flush()
}

/// What an honest registry answers.
fn honest(request: &Request, shelf: &Shelf) -> Answer {
    let name = request.path.rsplit('/').next().unwrap_or_default();
    let Some((media_type, body)) = shelf
        .things
        .get(name)
        .filter(|_| matches!(&*request.method, "GET" | "HEAD"))
    else {
        return Answer::new(
            "404 Not Found",
            r#"{"errors":[{"code":"NOT_FOUND","message":"there is no such thing"}]}"#,
        );
    };
    let range = request
        .headers
        .get("range")
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    match range.and_then(|from| from.parse::<usize>().ok()) {
        Some(from) => Answer::new("206 Partial Content", &body[from..]).header(format!(
            "content-range: bytes {from}-{}/{}",
            body.len() - 1,
            body.len()
        )),
        None => Answer::ok(body.clone()),
    }
    .header(format!("content-type: {media_type}"))
    .header(format!("docker-content-digest: {}", digest(body)))
}
