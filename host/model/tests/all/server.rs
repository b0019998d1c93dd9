//! A vendor on loopback: real HTTP on port 0, which records what it is asked and answers as told.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// One answer, given once, in the order of the list.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A status, further header lines, a body.
    Status(&'static str, &'static str, String),
    /// Server-sent events: each is written by itself.
    Events(Vec<String>),
    /// Nothing, for ever.
    Silence,
}

/// The running server; it ends with the test's runtime.
pub(crate) struct Server {
    /// The address without a path, `http://127.0.0.1:…`.
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Told for every request that arrived.
    pub(crate) arrived: Arc<Notify>,
}

impl Server {
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self {
            address,
            asked: Arc::default(),
            arrived: Arc::default(),
        };
        let asked = server.asked.clone();
        let arrived = server.arrived.clone();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                asked.lock().unwrap().push(request);
                arrived.notify_one();
                write(&mut stream, answer).await;
            }
        });
        server
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn read(stream: &mut TcpStream) -> Asked {
    let mut lines = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).await.unwrap();
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let path = head[0].split(' ').nth(1).unwrap().to_owned();
    let header = |line: &String| {
        line.split_once(": ")
            .map(|(key, value)| (key.to_lowercase(), value.to_owned()))
    };
    let headers: Vec<_> = head[1..].iter().filter_map(header).collect();
    let length = headers
        .iter()
        .find(|(key, _)| key == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    lines.read_exact(&mut body).await.unwrap();
    Asked {
        path,
        headers,
        // A list is asked for without a body.
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

async fn write(stream: &mut TcpStream, answer: Answer) {
    let pieces = match answer {
        Answer::Status(status, headers, body) => {
            let length = body.len();
            vec![format!(
                "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: \
                    close\r\n\r\n{body}"
            )]
        }
        Answer::Events(events) => {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
            std::iter::once(head.to_owned()).chain(events).collect()
        }
        Answer::Silence => return std::future::pending().await,
    };
    for piece in pieces {
        // A client that has seen enough hangs up.
        if stream.write_all(piece.as_bytes()).await.is_err() {
            return;
        }
        stream.flush().await.ok();
    }
    stream.shutdown().await.ok();
}
