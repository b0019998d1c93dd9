//! Exits with the code in its first argument. A probe: the test sees what the host makes of it.
//!
//! WASI 0.2 tells a host success or failure and no number, so every code but 0 arrives as 1.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

fn main() {
    match std::env::args().nth(1).and_then(|code| code.parse().ok()) {
        Some(code) => std::process::exit(code),
        None => {
            eprintln!("usage: exit_code CODE");
            std::process::exit(2);
        }
    }
}
