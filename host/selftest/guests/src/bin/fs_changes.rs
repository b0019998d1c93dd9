//! Takes away what it may: truncates, renames over what is there, removes files and directories, and a hundred more. The
//! receipt must count all of it and name the first of each kind.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a guest reports by printing")]

use std::fs::{OpenOptions, create_dir, remove_dir, remove_file, rename, write};
use std::io;
use std::process::ExitCode;

/// More than a receipt names.
const MANY: usize = 100;

fn main() -> ExitCode {
    match change() {
        Ok(()) => {
            println!("changed");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
    }
}

fn change() -> io::Result<()> {
    for name in ["emptied", "shorter", "old", "in-the-way", "line\nbreak"] {
        write(path(name), "content")?;
    }
    // Emptied on opening, and then not again, because nothing is left.
    for _ in 0..2 {
        OpenOptions::new().write(true).truncate(true).open(path("emptied"))?;
    }
    let shorter = OpenOptions::new().write(true).open(path("shorter"))?;
    for size in [100, 3] {
        shorter.set_len(size)?;
    }
    rename(path("old"), path("new"))?;
    rename(path("new"), path("in-the-way"))?;
    remove_file(path("line\nbreak"))?;
    create_dir(path("directory"))?;
    write(path("directory/file"), "")?;
    // What fails takes nothing away.
    if remove_dir(path("directory")).is_ok() || remove_file(path("nothing")).is_ok() {
        return Err(io::Error::other("removed what cannot be removed"));
    }
    remove_file(path("directory/file"))?;
    remove_dir(path("directory"))?;
    for number in 0..MANY {
        write(path(&number.to_string()), "")?;
        remove_file(path(&number.to_string()))?;
    }
    Ok(())
}

fn path(name: &str) -> String {
    format!("/workspace/{name}")
}
