//! Sends one request and prints what came back: `http_fetch METHOD URL [NAME:VALUE]…`. A probe: the
//! test sees what the host lets through. 1, with the host's answer on stderr, when it was refused.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::io::{Read, Write};
use std::process::ExitCode;

use cofferdam_guests::http;
use wasip2::http::types::Fields;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(method), Some(url)) = (args.next(), args.next()) else {
        eprintln!("usage: http_fetch METHOD URL [NAME:VALUE]...");
        return ExitCode::from(2);
    };
    match fetch(&method, &url, args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
    }
}

fn fetch(method: &str, url: &str, headers: impl Iterator<Item = String>) -> std::io::Result<()> {
    let fields = Fields::new();
    for header in headers {
        let (name, value) = header.split_once(':').unwrap_or((&header, ""));
        fields
            .append(name, value.as_bytes())
            .map_err(|error| std::io::Error::other(format!("{name}: {error:?}")))?;
    }
    let mut response = http::send(http::request(method, url, fields)?)?;
    println!("status: {}", response.status);
    for (name, value) in &response.headers {
        println!("{name}: {}", String::from_utf8_lossy(value));
    }
    let mut body = Vec::new();
    response.read_to_end(&mut body)?;
    std::io::stdout().write_all(&body)?;
    for (name, value) in response.trailers()? {
        println!("\ntrailer {name}: {}", String::from_utf8_lossy(&value));
    }
    Ok(())
}
