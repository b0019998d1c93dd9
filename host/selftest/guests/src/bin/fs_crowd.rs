//! Opens 1,024 files and waits with all of them open: `fs_crowd [COUNT]` opens so many instead. The
//! host must refuse what is over the limit, or end it at its deadline. A file `go.txt` in the
//! workspace ends the wait.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest is told what to do by its arguments, and reports by printing"
)]

use std::fs::{File, write};
use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

/// As many as a shell gives to a whole process.
const COUNT: usize = 1_024;

/// Time between two looks for `go.txt`.
const LOOK: Duration = Duration::from_millis(10);

fn main() -> ExitCode {
    let count = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(COUNT);
    if let Err(error) = write("crowd.txt", "one file is enough") {
        println!("UNTESTED: {error}");
        return ExitCode::SUCCESS;
    }
    let mut open = Vec::new();
    while open.len() < count {
        match File::open("crowd.txt") {
            Ok(file) => open.push(file),
            Err(error) => {
                eprintln!("{} files are open: {error}", open.len());
                return ExitCode::from(1);
            }
        }
    }
    println!("{} files are open", open.len());
    while !Path::new("go.txt").exists() {
        sleep(LOOK);
    }
    ExitCode::SUCCESS
}
