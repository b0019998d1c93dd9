//! Reads a body to its end: `http_drain URL`. The server of the test sends one that has none, so
//! the host must cut it: an error of the stream, after no more than the limit.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::io::Read;
use std::process::ExitCode;

use cofferdam_guests::http;

/// Above the default limit of a body; whoever gets there has escaped.
const ESCAPE: usize = 32 << 20;

fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or_default();
    let mut response = match http::get(&url) {
        Ok(response) => response,
        Err(error) => {
            println!("UNTESTED: {error}");
            return ExitCode::SUCCESS;
        }
    };
    let mut total = 0;
    let mut buffer = vec![0; 64 << 10];
    while total < ESCAPE {
        match response.read(&mut buffer) {
            Ok(0) => {
                println!("UNTESTED: the body ends after {total} bytes");
                return ExitCode::SUCCESS;
            }
            Ok(read) => total += read,
            Err(error) => {
                println!("read: {total}");
                eprintln!("{error}");
                return ExitCode::from(1);
            }
        }
    }
    println!("ESCAPED: {total} bytes");
    ExitCode::SUCCESS
}
