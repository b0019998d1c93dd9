//! Connects to a host over TCP, says something and prints what comes back: `tcp_fetch HOST:PORT
//! TEXT`. A probe: the test sees what the host lets through. 1, with the host's answer on stderr,
//! when it was refused.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing, and this one is about connecting"
)]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(destination), Some(text)) = (args.next(), args.next()) else {
        eprintln!("usage: tcp_fetch HOST:PORT TEXT");
        return ExitCode::from(2);
    };
    match fetch(&destination, &text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
    }
}

fn fetch(destination: &str, text: &str) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(destination)?;
    stream.write_all(text.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    std::io::stdout().write_all(&answer)
}
