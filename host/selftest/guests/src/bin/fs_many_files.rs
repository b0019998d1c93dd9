//! Creates a million small files. The host must refuse after its limit of entries, also when each
//! is removed again, and whether it is a file, a directory, a link or a new name: the argument says
//! which.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest is told what to do by its arguments, and reports by printing"
)]

use std::fs::{create_dir, hard_link, remove_file, rename, write};
use std::io;
use std::process::ExitCode;

use cofferdam_guests::symlink;

const MILLION: usize = 1_000_000;

fn main() -> ExitCode {
    let which = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "files".to_owned());
    let mut name = "first.txt".to_owned();
    for number in 0..MILLION {
        if let Err(error) = one(&which, number, &mut name) {
            eprintln!("{number} {which} made: {error}");
            return ExitCode::from(1);
        }
    }
    println!("ESCAPED: made {MILLION} {which}");
    ExitCode::SUCCESS
}

fn one(which: &str, number: usize, name: &mut String) -> io::Result<()> {
    let new = format!("{number}.txt");
    match which {
        "directories" => create_dir(&new),
        "symlinks" => symlink("target", &new),
        "removed" => write(&new, "x").and_then(|()| remove_file(&new)),
        "links" | "renames" => {
            if number == 0 {
                write(&*name, "x")?;
            }
            if which == "links" {
                return hard_link(&*name, &new);
            }
            rename(&*name, &new)?;
            *name = new;
            Ok(())
        }
        _ => write(&new, "x"),
    }
}
