//! Opens one exchange after the other and reads none of them: `http_concurrent URL`. The host must
//! refuse those beyond its limit, and take new ones when these are given back.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::process::ExitCode;

use cofferdam_guests::http;

/// More than the default limit; whoever gets there has escaped.
const ESCAPE: usize = 8;

fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or_default();
    let mut open = Vec::new();
    while open.len() < ESCAPE {
        match http::get(&url) {
            Ok(exchange) => open.push(exchange),
            Err(error) => {
                println!("open: {}", open.len());
                eprintln!("{error}");
                open.clear();
                println!("again: {}", http::get(&url).is_ok());
                return ExitCode::from(1);
            }
        }
    }
    println!("ESCAPED: {ESCAPE} exchanges at once");
    ExitCode::SUCCESS
}
