//! Announces one length of a body and sends another, or announces two: `http_lengths URL`. No
//! server may read two lengths, or more than was announced. A probe: each answer is printed, and
//! the test looks at what the server has read.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a guest reports by printing"
)]

use std::io;
use std::process::ExitCode;

use cofferdam_guests::http;
use wasip2::http::types::Fields;

/// A request inside a body, for a server that reads more requests than there are.
const SMUGGLED: &str = "helloGET /smuggled HTTP/1.1\r\nhost: b.test\r\n\r\n";

/// Announced lengths, and the body.
const BODIES: [(&[&str], &str); 20] = [
    // Two lengths, or none that is a number.
    (&["5", "5"], "hello"),
    (&["5", "9"], "hello"),
    (&["9", "5"], "hello"),
    (&["5, 5"], "hello"),
    (&["5,9"], "hello"),
    (&["+5"], "hello"),
    (&["-5"], "hello"),
    (&["0x5"], "hello"),
    (&["5 "], "hello"),
    (&[" 5"], "hello"),
    (&["5\t"], "hello"),
    (&["5.0"], "hello"),
    (&[""], "hello"),
    (&["18446744073709551616"], "hello"),
    // Another length than that of the body.
    (&["3"], "hello"),
    (&["0"], "hello"),
    (&["5"], SMUGGLED),
    (&["9"], "hello"),
    (&["5"], ""),
    // As it should be, and read after all others.
    (&["5"], "hello"),
];

/// The name of the header, as guests may write it.
const NAMES: [&str; 2] = ["content-length", "Content-Length"];

fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or_default();
    for (lengths, body) in BODIES {
        for fields in [appended, listed, set] {
            let sent = fields(lengths).and_then(|fields| {
                let request = http::request("POST", &url, fields)?;
                Ok(http::send_all(request, body.as_bytes())?.status)
            });
            match sent {
                Ok(status) => println!("{lengths:?} {}: {status}", body.len()),
                Err(error) => println!("{lengths:?} {}: {error}", body.len()),
            }
        }
    }
    ExitCode::SUCCESS
}

/// The lengths with their names, one after the other in each spelling.
fn named<'a>(lengths: &'a [&'a str]) -> impl Iterator<Item = (&'static str, &'a [u8])> {
    let lengths = lengths.iter().map(|length| length.as_bytes());
    NAMES.into_iter().cycle().zip(lengths)
}

fn appended(lengths: &[&str]) -> io::Result<Fields> {
    let fields = Fields::new();
    for (name, length) in named(lengths) {
        fields.append(name, length).map_err(other)?;
    }
    Ok(fields)
}

fn listed(lengths: &[&str]) -> io::Result<Fields> {
    let entries = named(lengths).map(|(name, length)| (name.to_owned(), length.to_vec()));
    Fields::from_list(&entries.collect::<Vec<_>>()).map_err(other)
}

fn set(lengths: &[&str]) -> io::Result<Fields> {
    let fields = Fields::new();
    let values: Vec<_> = named(lengths).map(|(_, length)| length.to_vec()).collect();
    fields.set("content-length", &values).map_err(other)?;
    Ok(fields)
}

fn other(error: impl std::fmt::Debug) -> io::Error {
    io::Error::other(format!("{error:?}"))
}
