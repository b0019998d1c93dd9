//! Takes away what it may: truncates, renames over what is there, removes files and directories,
//! and a hundred more. The receipt must count all of it and name the first of each kind. With
//! `renames`, renames that look as if they changed nothing, and one that looks as if it did.

#![allow(clippy::disallowed_methods, reason = "a guest reads its own arguments")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::fs::{
    OpenOptions, create_dir, create_dir_all, hard_link, read_to_string, remove_dir, remove_file,
    rename, write,
};
use std::io;
use std::process::ExitCode;

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};

/// More than a receipt names.
const MANY: usize = 100;

fn main() -> ExitCode {
    let renames = std::env::args().nth(1).is_some_and(|way| way == "renames");
    match if renames {
        rename_in_disguise()
    } else {
        change()
    } {
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
        OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(path("emptied"))?;
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

fn rename_in_disguise() -> io::Result<()> {
    let workspace = workspace()?;
    create_dir_all(path("sub/deep"))?;
    workspace
        .symlink_at("sub/deep", "link")
        .map_err(io::Error::other)?;
    // What lies above a link is elsewhere than its words say.
    write(path("sub/same"), "new")?;
    write(path("same"), "precious")?;
    rename(path("link/../same"), path("same"))?;
    write(path("sub/victim"), "")?;
    remove_file(path("link/../victim"))?;
    // Two directories that were opened under one name.
    create_dir(path("docs"))?;
    write(path("docs/notes"), "precious")?;
    rename(path("docs"), path("old"))?;
    create_dir(path("docs"))?;
    write(path("docs/notes"), "junk")?;
    let junk = open(&workspace, "docs")?;
    rename(path("docs"), path("new"))?;
    rename(path("old"), path("docs"))?;
    let docs = open(&workspace, "docs")?;
    junk.rename_at("notes", &docs, "notes")
        .map_err(io::Error::other)?;
    let same = read_to_string(path("same"))?;
    let notes = read_to_string(path("docs/notes"))?;
    if (same.as_str(), notes.as_str()) != ("new", "junk") {
        return Err(io::Error::other("UNTESTED: nothing was replaced"));
    }
    // Two names of one file stay as they are.
    write(path("one"), "")?;
    hard_link(path("one"), path("other"))?;
    rename(path("one"), path("other"))?;
    rename(path("one"), path("./one"))?;
    match std::fs::metadata(path("one")) {
        Ok(_) => Ok(()),
        Err(_) => Err(io::Error::other("UNTESTED: a name has gone")),
    }
}

fn open(workspace: &Descriptor, name: &str) -> io::Result<Descriptor> {
    let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
    workspace
        .open_at(PathFlags::empty(), name, OpenFlags::DIRECTORY, flags)
        .map_err(io::Error::other)
}

fn workspace() -> io::Result<Descriptor> {
    let found = get_directories()
        .into_iter()
        .find(|(_, name)| name == "/workspace");
    found
        .map(|(directory, _)| directory)
        .ok_or_else(|| io::Error::other("UNTESTED: no workspace"))
}

fn path(name: &str) -> String {
    format!("/workspace/{name}")
}
