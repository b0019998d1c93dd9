//! Renames and links through symbolic links that lead out of the workspace, with every kind of
//! slash at the end of a path: from them, onto them and below them. All of it must be refused.
//!
//! The test plants `outside`, a link to a directory with a file, and `through`, a link to
//! `/proc/self/root`. Without them nothing is proven, and this guest says `UNTESTED`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::process::ExitCode;

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};

/// Links that lead out. The first two are planted; the last is made here, if the host lets it.
const LINKS: [&str; 3] = ["outside", "through/etc", "made"];

/// Ends of a path that name what is behind a link.
const ENDS: [&str; 6] = ["/", "//", "/.", "/./", "/passwd", "/passwd/"];

/// Names that nothing outside the workspace has.
const NEW: [&str; 4] = ["/", "//", "/cofferdam-was-here", "/cofferdam-directory/"];

/// The name inside the workspace that things from outside would get.
const TAKEN: &str = "taken";

fn main() -> ExitCode {
    let directories = get_directories();
    let Some((workspace, _)) = directories.iter().find(|(_, name)| name == "/workspace") else {
        println!("UNTESTED: there is no /workspace");
        return ExitCode::SUCCESS;
    };
    if !is_link(workspace, "outside") || !is_link(workspace, "through") {
        println!("UNTESTED: the links are not planted");
        return ExitCode::SUCCESS;
    }
    if let Err(error) = prepare(workspace) {
        println!("UNTESTED: cannot prepare: {error:?}");
        return ExitCode::SUCCESS;
    }
    let mut tried = 0;
    for link in LINKS {
        let acts = ENDS
            .map(|end| out(workspace, &format!("{link}{end}")))
            .into_iter()
            .chain(NEW.map(|end| onto(workspace, &format!("{link}{end}"))));
        for act in acts {
            match act {
                Ok(acts) => tried += acts,
                Err(escape) => {
                    println!("ESCAPED: {escape}");
                    return ExitCode::SUCCESS;
                }
            }
        }
    }
    eprintln!("{tried} renames and links were refused");
    ExitCode::from(1)
}

fn prepare(workspace: &Descriptor) -> Result<(), ErrorCode> {
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    workspace.open_at(PathFlags::empty(), "file", OpenFlags::CREATE, flags)?;
    workspace.create_directory_at("directory")?;
    // A host may refuse it, and then there is one link less.
    workspace.symlink_at("../secret", "made").ok();
    Ok(())
}

fn is_link(workspace: &Descriptor, path: &str) -> bool {
    let found = workspace.stat_at(PathFlags::empty(), path);
    found.is_ok_and(|stat| stat.type_ == DescriptorType::SymbolicLink)
}

/// Takes what is at `path` into the workspace. Returns the number of acts that were refused, or the
/// act that was not.
fn out(workspace: &Descriptor, path: &str) -> Result<u32, String> {
    let renamed = workspace.rename_at(path, workspace, TAKEN);
    refused(renamed, || format!("rename {path} {TAKEN}"))?;
    for flags in [PathFlags::empty(), PathFlags::SYMLINK_FOLLOW] {
        let linked = workspace.link_at(flags, path, workspace, TAKEN);
        refused(linked, || format!("link {path} {TAKEN}"))?;
    }
    Ok(3)
}

/// Puts what is in the workspace at `path`.
fn onto(workspace: &Descriptor, path: &str) -> Result<u32, String> {
    for own in ["file", "file/", "directory", "directory/", "directory/."] {
        let renamed = workspace.rename_at(own, workspace, path);
        refused(renamed, || format!("rename {own} {path}"))?;
        let linked = workspace.link_at(PathFlags::empty(), own, workspace, path);
        refused(linked, || format!("link {own} {path}"))?;
    }
    Ok(10)
}

fn refused(done: Result<(), ErrorCode>, act: impl FnOnce() -> String) -> Result<(), String> {
    match done {
        Ok(()) => Err(act()),
        Err(_) => Ok(()),
    }
}
