//! Which files are searched, and under which names.

use std::path::Path;

use cofferdam_command::{STDIN, Stop, words};
use walkdir::{DirEntry, WalkDir};

use crate::args::Args;

/// Directories held open on the way down; deeper ones are listed whole and closed. Below the call's
/// limit of open files.
const MAX_OPEN: usize = 16;

/// Calls `search` with each file until it says `false`, and `complain` with each problem.
pub(crate) fn each(
    args: &Args,
    complain: &mut dyn FnMut(&Stop),
    mut search: impl FnMut(&str) -> Result<bool, Stop>,
) {
    for name in &args.files {
        // To the system an empty path is the working directory.
        if name.is_empty() {
            complain(&Stop::new("'': No such file or directory"));
            continue;
        }
        let is_dir = name != STDIN && Path::new(name).is_dir();
        let go_on = match (is_dir, args.is_recursive()) {
            (false, _) if is_left_out(args, name) => true,
            (false, _) => settle(search(name), complain),
            (true, true) => below(args, name, complain, &mut search),
            (true, false) if args.skips_directories() => true,
            (true, false) => {
                complain(&Stop::new(format!(
                    "{name}: Is a directory (-r searches below it)"
                )));
                true
            }
        };
        if !go_on {
            return;
        }
    }
}

fn below(
    args: &Args,
    root: &str,
    complain: &mut dyn FnMut(&Stop),
    search: &mut impl FnMut(&str) -> Result<bool, Stop>,
) -> bool {
    let chosen = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        !(entry.depth() > 0
            && entry.file_type().is_dir()
            && args.exclude_dir.iter().any(|dir| dir.matches(&name)))
    };
    // By name, so that the same tree gives the same output; GNU grep has the order of the file
    // system.
    let entries = WalkDir::new(root)
        .max_open(MAX_OPEN)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(chosen);
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error
                    .path()
                    .map(|path| path.display().to_string())
                    .unwrap_or_default();
                complain(&Stop::new(format!(
                    "{path}: {}",
                    error.io_error().map_or_else(|| error.to_string(), words)
                )));
                continue;
            }
        };
        let path = entry.path().to_string_lossy();
        // Without a starting point paths have no `./` in front.
        let path = if root == "." && args.from_here {
            path.strip_prefix("./").unwrap_or(&path)
        } else {
            &path
        };
        if entry.file_type().is_file()
            && !is_left_out(args, path)
            && !settle(search(path), complain)
        {
            return false;
        }
    }
    true
}

fn settle(searched: Result<bool, Stop>, complain: &mut dyn FnMut(&Stop)) -> bool {
    searched.unwrap_or_else(|stop| {
        complain(&stop);
        true
    })
}

/// By `--include` and `--exclude`, which look at the last part of a path.
fn is_left_out(args: &Args, path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let not_included =
        !args.include.is_empty() && !args.include.iter().any(|pattern| pattern.matches(name));
    path != STDIN && (not_included || args.exclude.iter().any(|pattern| pattern.matches(name)))
}
