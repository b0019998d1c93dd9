//! Changes a directory that is mounted read-only, under the path in its argument, and leaves it.
//! All of it must be refused.

#![allow(
    clippy::disallowed_methods,
    reason = "a guest is told what to do by its arguments"
)]

use std::fs::{
    File, OpenOptions, create_dir, hard_link, read_dir, remove_dir_all, remove_file, rename, write,
};
use std::io;
use std::process::ExitCode;

use cofferdam_guests::{symlink, verdict};

fn main() -> ExitCode {
    let place = std::env::args().nth(1).unwrap_or_default();
    let at = |name: &str| format!("{place}/{name}");
    verdict([
        ("create a file", done(write(at("created"), "created"))),
        ("create a directory", done(create_dir(at("directory")))),
        (
            "open it to write",
            done(OpenOptions::new().write(true).open(at("file"))),
        ),
        (
            "append",
            done(OpenOptions::new().append(true).open(at("file"))),
        ),
        (
            "truncate",
            done(
                OpenOptions::new()
                    .write(true)
                    .truncate(true)
                    .open(at("file")),
            ),
        ),
        (
            "truncate when open",
            done(File::open(at("file")).and_then(|file| file.set_len(0))),
        ),
        ("remove a file", done(remove_file(at("file")))),
        ("remove all of it", done(remove_dir_all(&place))),
        ("rename in it", done(rename(at("file"), at("renamed")))),
        ("move out of it", done(rename(at("file"), "taken"))),
        ("link out of it", done(hard_link(at("file"), "linked"))),
        ("make a link in it", done(symlink("/etc", &at("link")))),
        ("list what is above it", done(read_dir(at("..")))),
        (
            "read what is above it",
            done(File::open(at("../../../../../etc/passwd"))),
        ),
    ])
}

fn done<T>(result: io::Result<T>) -> io::Result<String> {
    result.map(|_| "done".to_owned())
}
