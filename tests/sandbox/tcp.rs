//! What tools are connected to over TCP, and what they are not. The nameserver and the servers are
//! real, on loopback; what counts is who was connected to, and what the receipt says.

/// Hosts and ports of a grant.
mod destinations;

/// Limits of sockets, lookups and time.
mod limits;

/// Rows of manifests, secrets beside them, and what a reviewer reads.
mod manifests;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How long a server waits for a client that says nothing more.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that sends back what it reads; it ends with the test process.
struct Echo {
    port: u16,
    connections: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Echo {
    fn start() -> Self {
        Self::serve(|client, said| client.write_all(said).expect("the client reads"))
    }

    /// One that takes what it is sent, says nothing and stays until the client goes.
    fn silent() -> Self {
        Self::serve(|client, _| {
            client.read_to_end(&mut Vec::new()).ok();
            thread::park_timeout(PATIENCE);
        })
    }

    fn serve(answer: fn(&mut std::net::TcpStream, &[u8])) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let heard = Arc::new(Mutex::default());
        let echo = Self {
            port,
            connections: Arc::clone(&connections),
            heard: Arc::clone(&heard),
        };
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::SeqCst);
                client.set_read_timeout(Some(PATIENCE)).expect("a socket");
                let heard = Arc::clone(&heard);
                thread::spawn(move || {
                    let mut said = Vec::new();
                    if client.read_to_end(&mut said).is_ok() {
                        heard
                            .lock()
                            .expect("no other thread panics")
                            .push(said.clone());
                        answer(&mut client, &said);
                    }
                });
            }
        });
        echo
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// What each client said.
    fn heard(&self) -> Vec<Vec<u8>> {
        self.heard.lock().expect("no other thread panics").clone()
    }
}

/// A row of a manifest that declares one host at one port.
fn declare(host: &str, port: u16) -> String {
    format!("[[tcp]]\nhost = \"{host}\"\nports = [{port}]\nreason = \"to try\"\n")
}
