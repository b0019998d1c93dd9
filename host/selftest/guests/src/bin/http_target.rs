//! Names another host in every part of a request that is not its host: `http_target GRANTED OTHER`.
//! Only the granted host may be reached, and every server must read its name and a path. A probe:
//! each answer is printed, and the test looks at what the server has read.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a guest reports by printing"
)]

use std::io;
use std::process::ExitCode;

use cofferdam_guests::http;
use wasip2::http::types::{Fields, Method, OutgoingRequest, Scheme};

/// Paths with queries. `{other}` is a host that is not granted.
const PATHS: [&str; 27] = [
    "http://{other}/",
    "https://{other}/",
    "HTTP://{other}/",
    "http:{other}/",
    "http:/{other}/",
    "//{other}/",
    "///{other}/",
    "/\\{other}/",
    "\\\\{other}/",
    "@{other}/",
    ":80@{other}/",
    ".{other}/",
    "{other}",
    "{other}/",
    "*",
    "?http://{other}/",
    "/http://{other}/",
    "/../../{other}/",
    "/ HTTP/1.1\r\nhost: {other}\r\n\r\nGET /",
    "/\r\nhost: {other}",
    "/\nhost: {other}",
    "/ http://{other}/",
    " http://{other}/",
    "\thttp://{other}/",
    "#http://{other}/",
    "/#@{other}/",
    "",
];

/// Authorities that some readers take for one host and some for another.
const AUTHORITIES: [&str; 8] = [
    "{granted}@{other}",
    "{other}@{granted}",
    "{other}#@{granted}",
    "{other}/@{granted}",
    "{other}\\@{granted}",
    "{granted},{other}",
    "{granted} {other}",
    "{granted}\r\nhost: {other}",
];

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(granted), Some(other)) = (args.next(), args.next()) else {
        println!("UNTESTED: usage: http_target GRANTED OTHER");
        return ExitCode::SUCCESS;
    };
    let fill = |text: &str| {
        text.replace("{granted}", &granted)
            .replace("{other}", &other)
    };
    for authority in AUTHORITIES {
        tell(&fill(authority), "/");
    }
    for path in PATHS {
        tell(&granted, &fill(path));
    }
    // The last one is as it should be: it is read after all others.
    tell(&granted, "/control");
    ExitCode::SUCCESS
}

fn tell(authority: &str, path: &str) {
    match sent(authority, path) {
        Ok(status) => println!("{authority:?} {path:?}: {status}"),
        Err(error) => println!("{authority:?} {path:?}: {error}"),
    }
}

fn sent(authority: &str, path: &str) -> io::Result<u16> {
    let refused = |part: &str| io::Error::other(format!("refused: {part}"));
    let request = OutgoingRequest::new(Fields::new());
    let set = [
        (request.set_method(&Method::Get), "the method"),
        (request.set_scheme(Some(&Scheme::Http)), "the scheme"),
        (request.set_authority(Some(authority)), "the authority"),
        (request.set_path_with_query(Some(path)), "the path"),
    ];
    for (result, part) in set {
        result.map_err(|()| refused(part))?;
    }
    Ok(http::send(request)?.status)
}
