//! Looks into every directory that its variables name, and with the argument `keep` leaves a file
//! in its home. A probe: the test says which of them there are.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::fs::{OpenOptions, create_dir_all, read_dir, read_to_string};
use std::io::{self, Write};
use std::process::ExitCode;

const PLACES: [&str; 7] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "TMPDIR",
    "OTTERS_AGENT_ROOT",
];

fn main() -> ExitCode {
    if std::env::args()
        .nth(1)
        .is_some_and(|argument| argument == "keep")
    {
        return match keep() {
            Ok(lines) => {
                println!("kept {lines}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("keep: {error}");
                ExitCode::FAILURE
            }
        };
    }
    for name in PLACES {
        let place = std::env::var(name).unwrap_or_default();
        match read_dir(&place) {
            Ok(_) => println!("{name}={place} is there"),
            Err(error) => println!("{name}={place}: {error}"),
        }
    }
    ExitCode::SUCCESS
}

/// Adds a line to a file and returns how many it has.
fn keep() -> io::Result<usize> {
    let place = std::env::var("XDG_CACHE_HOME").map_err(io::Error::other)?;
    create_dir_all(&place)?;
    let file = format!("{place}/lines");
    let mut options = OpenOptions::new();
    writeln!(options.create(true).append(true).open(&file)?, "one more")?;
    Ok(read_to_string(&file)?.lines().count())
}
