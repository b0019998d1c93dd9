//! What tools reach over HTTP, and what they do not. The nameserver and the web server are real, on
//! loopback; what counts is what the server has seen, and what the receipt says.

/// Bodies of requests that nobody wrote to.
mod bodies;

/// Hosts, ports, methods and paths of a grant.
mod hosts;

/// Flags and rows of manifests that are refused.
mod mistakes;

/// A machine's own public address.
mod own_address;

/// Secrets that a server sends back in other forms.
mod redacted;

/// Headers, bodies and trailers of responses, and servers that send none.
mod responses;

/// Secrets in headers of their host alone, and TLS to it.
mod secrets;

use cofferdam_selftest::{Reply, Web};

use crate::support::web;

/// A manifest that declares one host at one port.
fn declare(host: &str, port: u16) -> String {
    format!("[[http]]\nhost = \"{host}\"\nports = [{port}]\nreason = \"to try\"\n")
}

fn hello() -> Web {
    web(&[("/", Reply::Full("200 OK", "hello".to_owned()))])
}
