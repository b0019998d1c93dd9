//! Prints to stderr without end, 64 KiB at a time. The host must keep no more than the limit, mark
//! what it cut, and end the guest by the deadline: nearly all of the work is the host's, so the
//! fuel lasts for a terabyte.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let chunk = [b'x'; 64 * 1024];
    let mut stderr = std::io::stderr().lock();
    loop {
        // There is nowhere left to say why.
        if stderr.write_all(&chunk).is_err() {
            return ExitCode::from(1);
        }
    }
}
