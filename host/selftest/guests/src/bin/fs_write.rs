//! Changes a workspace that was granted read-only: creates a file and a directory, and alters the
//! file `notes.txt` if the test put one there. All of it must be refused.

use std::fs::{OpenOptions, create_dir, remove_file, rename, write};
use std::io;
use std::process::ExitCode;

use cofferdam_guests::verdict;

const NOTES: &str = "/workspace/notes.txt";

fn main() -> ExitCode {
    verdict([
        (
            "create a file",
            done(write("/workspace/created.txt", "created by fs_write")),
        ),
        (
            "create a file by its relative path",
            done(write("created-too.txt", "created by fs_write")),
        ),
        ("create a directory", done(create_dir("/workspace/created"))),
        (
            "open for writing",
            done(OpenOptions::new().write(true).open(NOTES)),
        ),
        ("append", done(OpenOptions::new().append(true).open(NOTES))),
        (
            "truncate",
            done(OpenOptions::new().write(true).truncate(true).open(NOTES)),
        ),
        ("rename", done(rename(NOTES, "/workspace/renamed.txt"))),
        ("remove", done(remove_file(NOTES))),
    ])
}

fn done<T>(result: io::Result<T>) -> io::Result<String> {
    result.map(|_| "done".to_owned())
}
