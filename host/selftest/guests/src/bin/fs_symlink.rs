//! Follows a symbolic link that leads out of the workspace, as a file and as a directory. Every way
//! through it must be refused.
//!
//! The test plants the link as `outside` in the workspace before the call. Without it every path is
//! refused and nothing is proven, so this guest then says `UNTESTED` and exits with 0, as it does
//! when it escapes.

#![allow(clippy::print_stdout, reason = "a guest reports by printing")]

use std::fs::{File, read_to_string, symlink_metadata};
use std::process::ExitCode;

use cofferdam_guests::{list, verdict};

fn main() -> ExitCode {
    if !symlink_metadata("/workspace/outside").is_ok_and(|metadata| metadata.is_symlink()) {
        println!("UNTESTED: /workspace/outside is not a symbolic link");
        return ExitCode::SUCCESS;
    }
    verdict([
        (
            "open outside",
            File::open("outside").map(|file| format!("{file:?}")),
        ),
        ("read outside", read_to_string("outside")),
        (
            "read /workspace/outside",
            read_to_string("/workspace/outside"),
        ),
        ("read outside/", read_to_string("outside/")),
        ("read outside/passwd", read_to_string("outside/passwd")),
        ("list outside", list("outside")),
        ("list outside/", list("outside/")),
        ("list /workspace/outside", list("/workspace/outside")),
        ("list /workspace/outside/", list("/workspace/outside/")),
        ("list outside/..", list("outside/..")),
    ])
}
