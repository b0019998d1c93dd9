//! Opens what is neither a file nor a directory: the named pipe `pipe` that the test plants in the
//! workspace, and the devices below `/devices`. A pipe without a writer would hold a thread of the
//! host for ever. Each must be refused, at once.

#![allow(clippy::print_stdout, reason = "a guest reports by printing")]

use std::fs::{File, OpenOptions, read, symlink_metadata};
use std::io;
use std::process::ExitCode;

use cofferdam_guests::verdict;

fn main() -> ExitCode {
    if symlink_metadata("/workspace/pipe").is_err() || symlink_metadata("/devices/zero").is_err() {
        println!("UNTESTED: there is no /workspace/pipe or no /devices/zero");
        return ExitCode::SUCCESS;
    }
    verdict([
        ("open pipe", done(File::open("/workspace/pipe"))),
        (
            "write to pipe",
            done(OpenOptions::new().write(true).open("/workspace/pipe")),
        ),
        ("create pipe", done(File::create("/workspace/pipe"))),
        (
            "open through a link",
            done(File::open("/workspace/link-to-pipe")),
        ),
        ("open /devices/zero", done(File::open("/devices/zero"))),
        (
            "write /devices/null",
            done(OpenOptions::new().write(true).open("/devices/null")),
        ),
        ("read /devices/null", done(read("/devices/null"))),
    ])
}

fn done<T>(result: io::Result<T>) -> io::Result<String> {
    result.map(|_| "done".to_owned())
}
