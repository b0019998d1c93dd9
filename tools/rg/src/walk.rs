//! Which files are searched: what no `.gitignore` and no flag leaves out.

use std::io::Write;
use std::path::Path;

use cofferdam_command::{Ending, Output, Stop};
use ignore::overrides::OverrideBuilder;
use ignore::types::TypesBuilder;
use ignore::{DirEntry, WalkBuilder};

use crate::args::Args;

/// Calls `visit` with each file until it says `false`, and `complain` with each problem. `false`
/// when it said so.
pub(crate) fn files(
    args: &Args,
    root: &str,
    complain: &mut dyn FnMut(&Stop),
    visit: &mut dyn FnMut(&str) -> Result<bool, Stop>,
) -> Result<bool, Stop> {
    for entry in walk(args, root)?.build() {
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
        match visit(&entry.path().to_string_lossy()) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(stop) => complain(&stop),
        }
    }
    Ok(true)
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

fn walk(args: &Args, root: &str) -> Result<WalkBuilder, Stop> {
    let mut builder = WalkBuilder::new(root);
    let wrong = |error: ignore::Error| Stop::new(sentence(&error));
    // By name, so that the same tree gives the same output.
    let reverse = args.reverse;
    builder
        .sort_by_file_name(move |a, b| if reverse { b.cmp(a) } else { a.cmp(b) })
        .standard_filters(!args.no_ignore)
        .hidden(!args.hidden)
        .require_git(!args.no_require_git)
        .max_depth(args.max_depth)
        .max_filesize(args.max_filesize);
    // A preopened directory is a root: there is nothing above it, and no configuration of a user.
    builder
        .parents(!args.no_ignore)
        .git_global(false)
        .add_custom_ignore_filename(".rgignore");
    let mut globs = OverrideBuilder::new(if Path::new(root).is_absolute() {
        root
    } else {
        "."
    });
    for (glob, case) in &args.globs {
        globs.case_insensitive(!case).map_err(wrong)?;
        globs.add(glob).map_err(wrong)?;
    }
    builder.overrides(globs.build().map_err(wrong)?);
    let mut types = TypesBuilder::new();
    types.add_defaults();
    for name in &args.types {
        types.select(name);
    }
    for name in &args.types_not {
        types.negate(name);
    }
    builder.types(types.build().map_err(wrong)?);
    Ok(builder)
}

/// `--type-list`
pub(crate) fn types(out: &mut Output) -> Result<Ending, Stop> {
    for definition in TypesBuilder::new().add_defaults().definitions() {
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
fn sentence(error: &ignore::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error")
        .map_or(text.as_str(), |(text, _)| text)
        .to_owned()
}
