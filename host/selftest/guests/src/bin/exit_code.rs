//! Exits with the code in its first argument. A probe: the test sees what the host makes of it.
//!
//! `exit-with-code` of `wasi:cli/exit` carries it. With `std` for a second argument it exits as
//! Rust's standard library does: success or failure, and no number.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let code = arguments.first().and_then(|code| code.parse::<u8>().ok());
    match (code, arguments.get(1).map(String::as_str)) {
        (Some(code), None) => wasip2::cli::exit::exit_with_code(code),
        (Some(code), Some("std")) => std::process::exit(code.into()),
        _ => {
            eprintln!("usage: exit_code CODE [std]");
            std::process::exit(2);
        }
    }
}
