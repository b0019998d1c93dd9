//! Makes sockets, connected and not, and asks for a name, again and again: `tcp_many HOST:PORT`. It
//! must be refused at its limits.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing, and this one is about connecting"
)]

use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;

/// More than any call may make.
const MANY: usize = 100;

fn main() -> ExitCode {
    let Some(destination) = std::env::args().nth(1) else {
        println!("UNTESTED: it was given no HOST:PORT");
        return ExitCode::SUCCESS;
    };
    let mut lookups = 0;
    let mut address = None;
    for _ in 0..MANY {
        match destination.to_socket_addrs() {
            Ok(mut addresses) => address = addresses.next(),
            Err(error) => {
                eprintln!("lookup: {error}");
                break;
            }
        }
        lookups += 1;
    }
    let Some(address) = address else {
        println!("UNTESTED: {destination} was not found");
        return ExitCode::SUCCESS;
    };
    println!("lookups: {lookups}");
    // Dropped at once: what counts is that it was made.
    for made in 0..MANY {
        if let Err(error) = TcpStream::connect(address) {
            println!("sockets: {made}");
            eprintln!("socket: {error}");
            return ExitCode::from(1);
        }
    }
    println!("ESCAPED: {MANY} sockets");
    ExitCode::SUCCESS
}
