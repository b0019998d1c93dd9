//! Moves and links files from its workspace into `/tmp` and back, where the room of all calls would
//! not count them. All of it must be refused, as between two file systems.

use std::fs::{create_dir, hard_link, rename, write};
use std::io;
use std::process::ExitCode;

use cofferdam_guests::verdict;

fn main() -> ExitCode {
    if let Err(error) = prepare() {
        return verdict([("prepare", Err(error))]);
    }
    let done = |result: io::Result<()>| result.map(|()| "done".to_owned());
    verdict([
        (
            "move a file in",
            done(rename("/workspace/file", "/tmp/moved")),
        ),
        (
            "move a directory in",
            done(rename("/workspace/directory", "/tmp/moved")),
        ),
        (
            "move over a file",
            done(rename("/workspace/file", "/tmp/file")),
        ),
        (
            "link into it",
            done(hard_link("/workspace/file", "/tmp/linked")),
        ),
        (
            "move a file out",
            done(rename("/tmp/file", "/workspace/moved")),
        ),
        (
            "move a directory out",
            done(rename("/tmp/directory", "/workspace/moved")),
        ),
        (
            "link out of it",
            done(hard_link("/tmp/file", "/workspace/linked")),
        ),
        (
            "move what is not there",
            done(rename("/tmp/nothing", "/workspace/nothing")),
        ),
    ])
}

fn prepare() -> io::Result<()> {
    for directory in ["/workspace", "/tmp"] {
        write(format!("{directory}/file"), "content")?;
        create_dir(format!("{directory}/directory"))?;
        // Inside one file system it works.
        rename(format!("{directory}/file"), format!("{directory}/other"))?;
        rename(format!("{directory}/other"), format!("{directory}/file"))?;
    }
    Ok(())
}
