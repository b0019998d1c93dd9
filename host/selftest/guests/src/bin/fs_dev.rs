//! Looks for a way out of `/dev`, which holds `null` and the streams of the call: nothing can be
//! made, renamed, linked or removed there, nothing else is there, and no path leads on.
//!
//! With `open` for an argument it opens `/dev/null` until it is refused; with `read` it reads all
//! of its standard input by `/dev/stdin`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::process::ExitCode;

use cofferdam_guests::{symlink, verdict};

/// More than any call may have open.
const MANY: usize = 10_000;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("open") => verdict([("open /dev/null again and again", open_many())]),
        Some("read") => verdict([("read too much", read_all())]),
        _ => match usual() {
            Ok(()) => verdict(acts()),
            Err(error) => {
                println!("UNTESTED: {error}");
                ExitCode::SUCCESS
            }
        },
    }
}

/// Uses the devices as programs do.
fn usual() -> io::Result<()> {
    let mut null = File::create("/dev/null")?;
    null.write_all(b"gone")?;
    let empty = fs::read("/dev/null")?;
    let mut names: Vec<_> = fs::read_dir("/dev")?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()?;
    names.sort();
    // Each directory can be listed through the descriptor that the host hands out.
    for (directory, name) in wasip2::filesystem::preopens::get_directories() {
        let entries = directory.read_directory();
        if let Err(code) = entries.and_then(|entries| entries.read_directory_entry()) {
            return Err(io::Error::other(format!("{name}: {code:?}")));
        }
    }
    let right = empty.is_empty() && names == ["null", "stderr", "stdin", "stdout"];
    OpenOptions::new()
        .append(true)
        .open("/dev/stderr")?
        .write_all(b"by its name\n")?;
    if right {
        Ok(())
    } else {
        Err(io::Error::other(format!("{empty:?} {names:?}")))
    }
}

fn acts() -> [(&'static str, io::Result<String>); 14] {
    let dev = "/dev";
    let done = |result: io::Result<()>| result.map(|()| "done".to_owned());
    [
        ("list /dev/..", cofferdam_guests::list("/dev/..")),
        (
            "read /dev/../etc/passwd",
            fs::read_to_string("/dev/../etc/passwd"),
        ),
        ("read /dev/mem", fs::read_to_string("/dev/mem")),
        ("list /dev/fd", cofferdam_guests::list("/dev/fd")),
        ("read /dev/null/x", fs::read_to_string("/dev/null/x")),
        ("make a file", done(fs::write(format!("{dev}/new"), "x"))),
        (
            "make a directory",
            done(fs::create_dir(format!("{dev}/new"))),
        ),
        ("make a link", done(symlink("/etc/passwd", "/dev/new"))),
        (
            "link null",
            done(fs::hard_link("/dev/null", "/workspace/null")),
        ),
        (
            "link into it",
            done(fs::hard_link("/workspace/notes.txt", "/dev/notes")),
        ),
        (
            "rename null",
            done(fs::rename("/dev/null", "/workspace/null")),
        ),
        (
            "rename into it",
            done(fs::rename("/workspace/notes.txt", "/dev/notes")),
        ),
        ("remove null", done(fs::remove_file("/dev/null"))),
        ("write to stdin", done(fs::write("/dev/stdin", "x"))),
    ]
}

fn open_many() -> io::Result<String> {
    let mut held = Vec::new();
    while held.len() < MANY {
        match File::open("/dev/null") {
            Ok(file) => held.push(file),
            Err(error) => {
                return Err(io::Error::other(format!(
                    "{} are open: {error}",
                    held.len()
                )));
            }
        }
    }
    Ok(format!("{} are open", held.len()))
}

fn read_all() -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open("/dev/stdin")?.read_to_end(&mut bytes)?;
    eprintln!("{} bytes", bytes.len());
    Ok(format!("{} bytes", bytes.len()))
}
