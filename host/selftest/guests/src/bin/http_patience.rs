//! Sends a request and gives up early, at being connected as well as at the response:
//! `http_patience URL`. The host must keep to it, and answer with the error that says which it was.
//!
//! `http_patience URL NOWHERE` waits for no time and for all of it instead, each time that can be
//! set, and prints the answers. No name leads from the URL `NOWHERE` to a server.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::io::{self, Read};
use std::process::ExitCode;

use cofferdam_guests::http::{self, Patience};
use cofferdam_guests::verdict;
use wasip2::http::types::Fields;

/// Nanoseconds it waits: a fifth of a second.
const PATIENCE: u64 = 200_000_000;

/// The shortest and longest times, each with the path that is asked for. A server that is asked for
/// `/hold` sends the head of its response alone. Without a path it is `NOWHERE` that is asked,
/// because a connection may come about in no time or not.
const EXTREMES: [(&str, Patience); 8] = [
    (
        "",
        Patience {
            connect: Some(0),
            ..Patience::NONE
        },
    ),
    ("", Patience::of(0)),
    (
        "/",
        Patience {
            first_byte: Some(0),
            ..Patience::NONE
        },
    ),
    (
        "/",
        Patience {
            first_byte: Some(1),
            ..Patience::NONE
        },
    ),
    (
        "/hold",
        Patience {
            between_bytes: Some(0),
            ..Patience::NONE
        },
    ),
    (
        "/hold",
        Patience {
            between_bytes: Some(1),
            ..Patience::NONE
        },
    ),
    ("/", Patience::of(u64::MAX)),
    ("/", Patience::of(u64::MAX - 1)),
];

fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or_default();
    if let Some(nowhere) = std::env::args().nth(2) {
        for (path, patience) in EXTREMES {
            let asked = if path.is_empty() {
                nowhere.clone()
            } else {
                format!("{url}{path}")
            };
            match answer(&asked, patience) {
                Ok(answer) => println!("{path} {patience:?}: {answer}"),
                Err(error) => println!("{path} {patience:?}: {error}"),
            }
        }
        println!("the host answered every time");
        return ExitCode::SUCCESS;
    }
    let patience = Patience {
        between_bytes: None,
        ..Patience::of(PATIENCE)
    };
    let sent = http::request("GET", &url, Fields::new())
        .and_then(|request| http::send_within(request, patience));
    verdict([(
        "a server that says nothing",
        sent.map(|response| response.status.to_string()),
    )])
}

/// The status and the body.
fn answer(url: &str, patience: Patience) -> io::Result<String> {
    let request = http::request("GET", url, Fields::new())?;
    let mut response = http::send_within(request, patience)?;
    let mut body = String::new();
    response.read_to_string(&mut body)?;
    Ok(format!("{} {body}", response.status))
}
