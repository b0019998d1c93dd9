//! Changes `/workspace`, granted read-only, with the help of `/out`, granted read-write: links and
//! renames out of it and into it, truncates, and sets times. All of it must be refused, and `/out`
//! must work, or nothing is proven.

#![allow(clippy::print_stdout, reason = "a guest reports by printing")]

use std::fs::{File, FileTimes, OpenOptions, hard_link, remove_file, rename, write};
use std::io;
use std::process::ExitCode;
use std::time::SystemTime;

use cofferdam_guests::{symlink, verdict};

const NOTES: &str = "/workspace/notes.txt";
const OUT: &str = "/out/taken.txt";

fn main() -> ExitCode {
    if write("/out/own.txt", "mine").is_err() || File::open(NOTES).is_err() {
        println!("UNTESTED: /out is not writable, or {NOTES} not readable");
        return ExitCode::SUCCESS;
    }
    let times =
        || File::open(NOTES)?.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH));
    let open = |options: &mut OpenOptions| options.open(NOTES);
    verdict([
        ("link out", done(hard_link(NOTES, OUT))),
        ("rename out", done(rename(NOTES, OUT))),
        (
            "link in",
            done(hard_link("/out/own.txt", "/workspace/own.txt")),
        ),
        (
            "rename in",
            done(rename("/out/own.txt", "/workspace/notes.txt")),
        ),
        (
            "truncate on opening",
            done(open(OpenOptions::new().write(true).truncate(true))),
        ),
        (
            "truncate with reading",
            done(open(
                OpenOptions::new().read(true).write(true).truncate(true),
            )),
        ),
        (
            "create over it",
            done(open(
                OpenOptions::new().write(true).create(true).truncate(true),
            )),
        ),
        (
            "truncate when open",
            done(File::open(NOTES).and_then(|file| file.set_len(0))),
        ),
        ("set times", done(times())),
        ("link to it", done(symlink("notes.txt", "/workspace/link"))),
        ("remove", done(remove_file(NOTES))),
    ])
}

fn done<T>(result: io::Result<T>) -> io::Result<String> {
    result.map(|_| "done".to_owned())
}
