//! `find`: walks directory trees and prints or deletes what an expression chooses, as GNU find
//! does.

mod evaluate;
mod expression;
mod parse;
mod print;

use std::process::ExitCode;

use cofferdam_command::{Complaints, Ending, Output, Stop, arguments, run, words};
use evaluate::{Next, Run};
use parse::Command;
use walkdir::{DirEntry, WalkDir};

/// Directories held open on the way down; deeper ones are listed whole and closed. Below the call's
/// limit of open files.
const MAX_OPEN: usize = 16;

fn main() -> ExitCode {
    run("find", include_str!("../USAGE.md"), find)
}

fn find(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let command = Command::parse(arguments().collect())?;
    let mut run = Run {
        out,
        complaints,
        failed: false,
    };
    for root in &command.roots {
        // To the system an empty path is the working directory.
        if root.is_empty() {
            run.complain("'': No such file or directory");
            continue;
        }
        if root.ends_with('/') && std::fs::symlink_metadata(root).is_ok_and(|root| root.is_file()) {
            run.complain(&format!("'{root}': Not a directory"));
            continue;
        }
        if walk(root, &command, &mut run)? == Next::Quit {
            break;
        }
    }
    Ok((!run.failed).into())
}

fn walk(root: &str, command: &Command, run: &mut Run<'_>) -> Result<Next, Stop> {
    // By name, so that the same tree gives the same output; GNU find has the order of the file
    // system.
    let mut entries = WalkDir::new(root)
        .max_open(MAX_OPEN)
        .follow_root_links(false)
        .max_depth(command.max_depth)
        .contents_first(command.depth_first)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                run.complain_walk(&error);
                continue;
            }
        };
        if entry.depth() < command.min_depth {
            continue;
        }
        match run.entry(&entry, root, &command.expression)? {
            Next::Quit => return Ok(Next::Quit),
            Next::Prune if entry.file_type().is_dir() && !command.depth_first => {
                entries.skip_current_dir()
            }
            Next::Prune | Next::Go => {}
        }
    }
    Ok(Next::Go)
}

impl Run<'_> {
    /// Tells of a directory or file that could not be looked at, and goes on.
    fn complain_walk(&mut self, error: &walkdir::Error) {
        let path = error
            .path()
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let what = error.io_error().map_or_else(|| error.to_string(), words);
        self.complain(&format!("'{path}': {what}"));
    }

    /// Tells of a problem that does not end the search.
    fn complain(&mut self, sentence: &str) {
        self.complaints.say(sentence);
        self.failed = true;
    }
}

/// The path of an entry as it is printed.
fn shown(entry: &DirEntry) -> String {
    entry.path().to_string_lossy().into_owned()
}
