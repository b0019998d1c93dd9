//! Sends a request and gives up early, at being connected as well as at the response:
//! `http_patience URL`. The host must keep to it, and answer with the error that says which it was.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::process::ExitCode;

use cofferdam_guests::{http, verdict};
use wasip2::http::types::Fields;

/// Nanoseconds it waits: a fifth of a second.
const PATIENCE: u64 = 200_000_000;

fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or_default();
    let sent = http::request("GET", &url, Fields::new())
        .and_then(|request| http::send_within(request, PATIENCE));
    verdict([(
        "a server that says nothing",
        sent.map(|response| response.status.to_string()),
    )])
}
