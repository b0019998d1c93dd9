//! Takes away what it may: truncates, renames over what is there, removes files and directories,
//! and a hundred more. The receipt must count all of it and name the first of each kind. With
//! `renames`, renames that look as if they changed nothing, and one that looks as if it did. With
//! `long-path`, a removal by a path that is too long for a receipt. With `truncate` or `create`,
//! the change of which the guest gets no descriptor, because it has no handle left.

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

use wasip2::cli::stdout::get_stdout;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};

/// More than a receipt names.
const MANY: usize = 100;

fn main() -> ExitCode {
    let way = std::env::args().nth(1).unwrap_or_default();
    let changed = match way.as_str() {
        "renames" => rename_in_disguise(),
        "long-path" => remove_by_long_path(),
        "truncate" => change_without_handle(OpenFlags::TRUNCATE),
        "create" => change_without_handle(OpenFlags::CREATE),
        _ => change(),
    };
    match changed {
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

fn remove_by_long_path() -> io::Result<()> {
    create_dir(path("d"))?;
    create_dir_all(path("private/e"))?;
    write(path("private/secret.txt"), "precious")?;
    // The directory of the file is in the middle of its path.
    let back_and_forth = ["d/../", "e/../"].map(|step| step.repeat(75));
    let [before, after] = back_and_forth;
    remove_file(path(&format!("{before}private/{after}secret.txt")))
}

/// Changes files until the handles are used up: the last one when none is left for it.
fn change_without_handle(how: OpenFlags) -> io::Result<()> {
    let workspace = workspace()?;
    if how == OpenFlags::TRUNCATE {
        for number in 0..MANY {
            write(path(&number.to_string()), "content")?;
        }
    }
    let mut kept = Vec::new();
    for number in 0..MANY {
        kept.push(get_stdout());
        workspace
            .open_at(
                PathFlags::empty(),
                &number.to_string(),
                how,
                DescriptorFlags::READ | DescriptorFlags::WRITE,
            )
            .map_err(io::Error::other)?;
    }
    Err(io::Error::other("UNTESTED: there are handles left"))
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
