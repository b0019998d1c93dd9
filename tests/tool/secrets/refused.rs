//! Tokens that their server refuses before their time is over.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use super::{CLIENT, Setting};
use crate::support::{content_of, web};

/// A server that gives tokens with numbers, and takes each until it is revoked.
#[derive(Clone)]
struct Tokens {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    issued: usize,
    /// Tokens up to this number are refused.
    revoked: usize,
    /// The requests for tokens and for everything else, as `GET /path 200 key`.
    seen: Vec<String>,
}

impl Tokens {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let tokens = Self {
            port: listener.local_addr().expect("an address").port(),
            state: Arc::default(),
        };
        let server = tokens.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                server.answer(stream);
            }
        });
        tokens
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the server goes on")
    }

    /// Refuses every token that was given so far.
    fn revoke(&self) {
        let mut state = self.state();
        state.revoked = state.issued;
    }

    /// The requests since the last look.
    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.state().seen)
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
        let mut head = Vec::new();
        for line in reader.by_ref().lines().map_while(Result::ok) {
            if line.is_empty() {
                break;
            }
            head.push(line);
        }
        let header = |name: &str| {
            let line = head.iter().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        let length: usize = header("content-length:").parse().unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the whole body");
        let (line, _) = head[0].split_once(" HTTP").expect("a request line");
        let mut state = self.state();
        let token = header("authorization: Bearer issued/planted+");
        let is_valid = token
            .parse()
            .is_ok_and(|number: usize| number > state.revoked);
        let (status, said) = if line == "POST /token" {
            state.issued += 1;
            let token = format!("issued/planted+{:04}", state.issued);
            let answer = format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\"}}");
            ("200 OK", answer)
        } else if is_valid && !line.ends_with("/never") {
            ("200 OK", head.join("\n"))
        } else {
            ("401 Unauthorized", head.join("\n"))
        };
        let key = header("idempotency-key:");
        let seen = format!("{line} {} {key}", &status[..3]);
        state.seen.push(seen.trim_end().to_owned());
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{said}",
            said.len()
        );
        // A client that has gone is what the test is about.
        let _ = stream.write_all(answer.as_bytes());
    }
}

#[test]
fn a_request_is_sent_again_with_a_new_token_where_nothing_is_done_twice() {
    let tokens = Tokens::start();
    let setting = Setting::at(tokens.port, web(&[]), &["client"]);
    setting.set("client", CLIENT, &[]);
    let host = setting.host();
    let ask = |method: &str, at: &str| {
        let events = setting.events_of(&host, method, at);
        let told = content_of(&events, "tool.result");
        assert!(!told.contains("planted+"), "{told}");
        told
    };
    assert!(ask("GET", "oauth.test/a").contains("status: 200"));
    assert_eq!(tokens.seen(), ["POST /token 200", "GET /a 200"]);

    // The tool sees the answer to the second request alone.
    tokens.revoke();
    assert!(ask("GET", "oauth.test/a").contains("status: 200"));
    assert_eq!(
        tokens.seen(),
        ["GET /a 401", "POST /token 200", "GET /a 200"]
    );
    // The new token is the one that is kept.
    assert!(ask("GET", "oauth.test/a").contains("status: 200"));
    assert_eq!(tokens.seen(), ["GET /a 200"]);

    // What changes something is not sent again, and the next call has another token.
    tokens.revoke();
    assert!(ask("POST", "oauth.test/a").contains("status: 401"));
    assert_eq!(tokens.seen(), ["POST /a 401"]);
    assert!(ask("POST", "oauth.test/a").contains("status: 200"));
    assert_eq!(tokens.seen(), ["POST /token 200", "POST /a 200"]);

    // Unless the server is told by which name it knows the request.
    tokens.revoke();
    assert!(ask("POST", "oauth.test/named").contains("status: 200"));
    let seen = tokens.seen();
    let keys: Vec<_> = seen.iter().map(|line| line.split(' ').nth(3)).collect();
    assert!(keys.len() == 3 && keys[0].is_some(), "{seen:?}");
    assert_eq!(keys[0], keys[2], "{seen:?}");
    assert!(seen[0].starts_with("POST /named 401"), "{seen:?}");
    assert!(seen[2].starts_with("POST /named 200"), "{seen:?}");

    // A server that takes no token is asked twice in a call, and not for ever.
    assert!(ask("GET", "oauth.test/never").contains("status: 401"));
    assert_eq!(
        tokens.seen(),
        ["GET /never 401", "POST /token 200", "GET /never 401"]
    );
}
