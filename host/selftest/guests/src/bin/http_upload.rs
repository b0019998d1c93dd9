//! Sends a body without end: `http_upload URL`. The host must cut it at its limit.
//!
//! `http_upload URL METHOD HOW` sends one request instead, with no body or a small one, in one of
//! the ways in which guests do.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::process::ExitCode;

use cofferdam_guests::http;
use wasip2::http::types::Fields;

/// Above the default limit of a body; whoever gets there has escaped.
const ESCAPE: usize = 32 << 20;

fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or_default();
    if let (Some(method), Some(how)) = (std::env::args().nth(2), std::env::args().nth(3)) {
        let sent = http::request(&method, &url, Fields::new())
            .and_then(|request| http::send_so(request, &how));
        return match sent {
            Ok(response) => {
                println!("status: {}", response.status);
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(1)
            }
        };
    }
    let chunk = [b'u'; 64 << 10];
    let mut total = 0;
    let sent = http::request("POST", &url, Fields::new()).and_then(|request| {
        http::send_body(request, |body| {
            while total < ESCAPE {
                body.write_all(&chunk)?;
                body.flush()?;
                total += chunk.len();
            }
            Ok(())
        })
    });
    match sent {
        Ok(response) => println!("ESCAPED: {total} bytes, status {}", response.status),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(1);
        }
    }
    ExitCode::SUCCESS
}
