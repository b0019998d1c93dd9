//! Sends a body without end: `http_upload URL`. The host must cut it at its limit.

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
