//! The files below a path, in their order.

use std::io::Write;
use std::time::SystemTime;

use cofferdam_command::{Ending, Output, Stop};
use ignore::DirEntry;

use crate::args::Args;
use crate::show::Order;

/// Calls `visit` with each file until it says `false`, and `complain` with each problem. `false`
/// when it said so.
pub(crate) fn files(
    args: &Args,
    root: &str,
    complain: &mut dyn FnMut(&Stop),
    visit: &mut dyn FnMut(&str, bool) -> Result<bool, Stop>,
) -> Result<bool, Stop> {
    let mut walk = args.filter.walk(root)?;
    // By name, so that the same tree gives the same output.
    let reverse = args.show.reverse && args.show.order == Order::Path;
    walk.sort_by_file_name(move |a, b| if reverse { b.cmp(a) } else { a.cmp(b) });
    let mut by_time: Vec<(SystemTime, String)> = Vec::new();
    let mut go_on = |path: &str, named, complain: &mut dyn FnMut(&Stop)| {
        visit(path, named).unwrap_or_else(|stop| {
            complain(&stop);
            true
        })
    };
    for entry in walk.build() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                complain(&Stop::new(sentence(&error)));
                continue;
            }
        };
        if !is_searched(&entry) {
            continue;
        }
        let path = entry.path().to_string_lossy();
        if args.show.order != Order::Path {
            by_time.push((time(&entry, args.show.order), path.into_owned()));
            continue;
        }
        if !go_on(&path, entry.depth() == 0, complain) {
            return Ok(false);
        }
    }
    by_time.sort();
    if args.show.reverse {
        by_time.reverse();
    }
    let is_named = |path: &str| path == root;
    Ok(by_time
        .iter()
        .all(|(_, path)| go_on(path, is_named(path), complain)))
}

/// The time by which an entry is sorted; without one it comes first.
fn time(entry: &DirEntry, order: Order) -> SystemTime {
    let time = entry.metadata().ok().and_then(|metadata| match order {
        Order::Accessed => metadata.accessed().ok(),
        _ => metadata.modified().ok(),
    });
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Files, and what was named itself whatever it is.
fn is_searched(entry: &DirEntry) -> bool {
    let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
    if entry.depth() == 0 {
        !is_dir
    } else {
        entry.file_type().is_some_and(|kind| kind.is_file())
    }
}

/// `--type-list`
pub(crate) fn types(args: &Args, out: &mut Output) -> Result<Ending, Stop> {
    for definition in args.filter.definitions()?.definitions() {
        writeln!(
            out,
            "{}: {}",
            definition.name(),
            definition.globs().join(", ")
        )?;
    }
    Ok(Ending::Success)
}

/// The error without the number of the system's.
pub(crate) fn sentence(error: &ignore::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error")
        .map_or(text.as_str(), |(text, _)| text)
        .to_owned()
}
