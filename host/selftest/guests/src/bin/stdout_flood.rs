//! Prints to stdout without end, 64 KiB at a time. The host must keep no more than the limit, mark
//! what it cut, and end the guest by fuel or deadline.

#![allow(clippy::print_stderr, reason = "a guest reports by printing")]

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let chunk = [b'x'; 64 * 1024];
    let mut stdout = std::io::stdout().lock();
    loop {
        if let Err(error) = stdout.write_all(&chunk) {
            eprintln!("stdout: {error}");
            return ExitCode::from(1);
        }
    }
}
