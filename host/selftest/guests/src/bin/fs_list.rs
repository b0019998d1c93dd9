//! Lists `/workspace` through the descriptor it was granted as, which works; then
//! `/workspace/crowd`, in which the test plants more entries than a call may hold, then the same
//! small directory again and again without closing it. Both must be refused: the host keeps what a
//! listing holds.

#![allow(clippy::print_stdout, reason = "a guest reports by printing")]

use std::fs::{create_dir_all, read_dir, write};
use std::io;
use std::process::ExitCode;

use cofferdam_guests::verdict;
use wasip2::filesystem::preopens::get_directories;

/// More entries than fit into one listing or into many.
const MANY: usize = 100_000;

fn main() -> ExitCode {
    if read_dir("/workspace").is_err() || create_dir_all("/workspace/few").is_err() {
        println!("UNTESTED: /workspace is not there");
        return ExitCode::SUCCESS;
    }
    if !is_listed() {
        println!("UNTESTED: the descriptor that get-directories returned is not listed");
        return ExitCode::SUCCESS;
    }
    verdict([("list a crowd", crowd()), ("list and keep", kept())])
}

/// Lists a granted directory through the very descriptor it was granted as, which programs in Rust
/// never do: they open `.` in it.
fn is_listed() -> bool {
    let mut directories = get_directories().into_iter();
    let Some((workspace, _)) = directories.find(|(_, name)| name == "/workspace") else {
        return false;
    };
    let entries = workspace.read_directory();
    let first = entries.and_then(|entries| entries.read_directory_entry());
    first.is_ok_and(|first| first.is_some())
}

fn crowd() -> io::Result<String> {
    let names = read_dir("/workspace/crowd")?.collect::<io::Result<Vec<_>>>()?;
    Ok(format!("{} names", names.len()))
}

/// Open listings of one directory. The limit of open files must not be what ends this, so it has
/// many entries.
fn kept() -> io::Result<String> {
    const ENTRIES: usize = 1_000;
    for number in 0..ENTRIES {
        write(format!("/workspace/few/{number}"), "")?;
    }
    let mut held = Vec::new();
    while held.len() * ENTRIES < MANY {
        let mut listing = read_dir("/workspace/few")?;
        listing.next();
        held.push(listing);
    }
    Ok(format!("{} entries", held.len() * ENTRIES))
}
