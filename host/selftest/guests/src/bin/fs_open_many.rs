//! Opens 10,000 files and keeps them open. The host must refuse long before it runs out of
//! descriptors.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::fs::{File, write};
use std::process::ExitCode;

const MANY: usize = 10_000;

fn main() -> ExitCode {
    if let Err(error) = write("many.txt", "one file is enough") {
        println!("UNTESTED: {error}");
        return ExitCode::SUCCESS;
    }
    let mut open = Vec::new();
    while open.len() < MANY {
        match File::open("many.txt") {
            Ok(file) => open.push(file),
            Err(error) => {
                eprintln!("{} files are open: {error}", open.len());
                // What is closed may be opened again.
                open.pop();
                if let Err(error) = File::open("many.txt") {
                    println!("UNTESTED: a closed file stays counted: {error}");
                    return ExitCode::SUCCESS;
                }
                return ExitCode::from(1);
            }
        }
    }
    println!("ESCAPED: {} files are open", open.len());
    ExitCode::SUCCESS
}
