//! Reads `/etc/passwd` by its absolute path. Nothing but what was granted exists for a guest: the
//! read must be refused.

use std::process::ExitCode;

use cofferdam_guests::verdict;

fn main() -> ExitCode {
    verdict([("read /etc/passwd", std::fs::read_to_string("/etc/passwd"))])
}
