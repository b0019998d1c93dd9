//! Climbs out of the workspace with `..`. Every such path must be refused, however it is written.

use std::fs::{File, read_to_string};
use std::process::ExitCode;

use cofferdam_guests::{list, verdict};

fn main() -> ExitCode {
    verdict([
        (
            "open ../..",
            File::open("../..").map(|file| format!("{file:?}")),
        ),
        ("list ..", list("..")),
        ("list /workspace/..", list("/workspace/..")),
        ("read ../../etc/passwd", read_to_string("../../etc/passwd")),
        (
            "read /workspace/../../etc/passwd",
            read_to_string("/workspace/../../etc/passwd"),
        ),
    ])
}
