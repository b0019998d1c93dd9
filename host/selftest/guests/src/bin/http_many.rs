//! Sends a request again and again, one after the other, and prints how many were answered:
//! `http_many URL`. The host must refuse those beyond its limit.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::process::ExitCode;

use cofferdam_guests::http;

/// More than the default limit; whoever gets there has escaped.
const ESCAPE: usize = 40;

fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or_default();
    for count in 0..ESCAPE {
        if let Err(error) = http::get(&url) {
            println!("answered: {count}");
            eprintln!("{error}");
            return ExitCode::from(1);
        }
    }
    println!("ESCAPED: {ESCAPE} requests");
    ExitCode::SUCCESS
}
