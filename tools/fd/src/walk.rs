//! Which entries there are, and which of them are chosen.

use std::path::Path;

use cofferdam_command::Stop;
use ignore::overrides::OverrideBuilder;
use ignore::{DirEntry, WalkBuilder};
use regex::Regex;

use crate::args::{Args, Kind, Size};

/// Everything below a root that no `.gitignore` and no flag leaves out.
pub(crate) fn walk(args: &Args, root: &str) -> Result<WalkBuilder, Stop> {
    let wrong = |error: ignore::Error| Stop::new(sentence(&error));
    let root = args.below_base(root);
    let root = root.as_str();
    let mut builder = WalkBuilder::new(root);
    let vcs = !args.no_ignore && !args.no_vcs;
    builder
        .sort_by_file_name(std::ffi::OsStr::cmp)
        .ignore(!args.no_ignore)
        .git_ignore(vcs)
        .git_exclude(vcs)
        .parents(!args.no_ignore && !args.no_parent)
        .hidden(!args.hidden)
        .require_git(!args.no_require_git)
        .git_global(false)
        .max_depth(args.max_depth);
    if !args.no_ignore {
        builder.add_custom_ignore_filename(".fdignore");
    }
    for file in &args.ignore_files {
        if let Some(error) = builder.add_ignore(file) {
            return Err(wrong(error));
        }
    }
    let mut overrides = OverrideBuilder::new(if Path::new(root).is_absolute() {
        root
    } else {
        "."
    });
    for glob in &args.exclude {
        overrides.add(&format!("!{glob}")).map_err(wrong)?;
    }
    builder.overrides(overrides.build().map_err(wrong)?);
    Ok(builder)
}

/// The path of an entry as it is printed, if it is chosen. A directory ends in a slash.
pub(crate) fn chosen(args: &Args, patterns: &[Regex], entry: &DirEntry) -> Option<String> {
    if entry.depth() < args.min_depth {
        return None;
    }
    let walked = entry.path().to_string_lossy();
    let name = entry.file_name().to_string_lossy();
    // Relative paths are resolved there.
    let below = || {
        format!(
            "/workspace/{}",
            walked.strip_prefix("./").unwrap_or(&walked)
        )
    };
    let whole = if walked.starts_with('/') {
        walked.to_string()
    } else {
        below()
    };
    let text: &str = if args.full_path { &whole } else { &name };
    if !patterns.iter().all(|pattern| pattern.is_match(text)) {
        return None;
    }
    // The base directory is not printed.
    let path = match &args.base {
        Some(base) => {
            let below = walked.strip_prefix(base.trim_end_matches('/'));
            let below = below.unwrap_or(&walked).trim_start_matches('/');
            match args.from_here {
                true => format!("./{below}"),
                false => below.to_owned(),
            }
        }
        None => walked.to_string(),
    };
    let lower = name.to_lowercase();
    let has = |extension: &String| {
        lower
            .strip_suffix(extension.as_str())
            .is_some_and(|rest| rest.ends_with('.'))
    };
    if !args.extensions.is_empty() && !args.extensions.iter().any(has) {
        return None;
    }
    if !is_of_kind(args, entry) || !has_size(args, entry) || !is_of_age(args, entry) {
        return None;
    }
    let shown = match (args.absolute, args.from_here) {
        (true, _) => whole,
        // With `-0` paths are for other programs, to which a name may look like an option.
        (false, true) if !args.null || args.strips => {
            path.strip_prefix("./").unwrap_or(&path).to_owned()
        }
        (false, _) => path.to_string(),
    };
    let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
    let shown = if is_dir { format!("{shown}/") } else { shown };
    Some(match &args.path_separator {
        Some(separator) => shown.replace('/', separator),
        None => shown,
    })
}

fn is_of_kind(args: &Args, entry: &DirEntry) -> bool {
    let Some(kind) = entry.file_type() else {
        return args.kinds.is_empty();
    };
    let wants = |wanted| args.kinds.contains(&wanted);
    // `-t e` narrows what the others choose: files and directories, if they are alone.
    if wants(Kind::Empty) && !is_empty(entry) {
        return false;
    }
    let none = args.kinds.iter().all(|kind| *kind == Kind::Empty);
    none || (wants(Kind::File) && kind.is_file())
        || (wants(Kind::Directory) && kind.is_dir())
        || (wants(Kind::Link) && kind.is_symlink())
}

fn is_empty(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Some(kind) if kind.is_dir() => {
            std::fs::read_dir(entry.path()).is_ok_and(|mut entries| entries.next().is_none())
        }
        Some(kind) if kind.is_file() => entry.metadata().is_ok_and(|metadata| metadata.len() == 0),
        _ => false,
    }
}

fn has_size(args: &Args, entry: &DirEntry) -> bool {
    if args.sizes.is_empty() {
        return true;
    }
    let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
    is_file
        && entry.metadata().is_ok_and(|metadata| {
            args.sizes.iter().all(|size| match *size {
                Size::AtLeast(bytes) => metadata.len() >= bytes,
                Size::AtMost(bytes) => metadata.len() <= bytes,
                Size::Exactly(bytes) => metadata.len() == bytes,
            })
        })
}

fn is_of_age(args: &Args, entry: &DirEntry) -> bool {
    if args.changed_after.is_none() && args.changed_before.is_none() {
        return true;
    }
    let modified = entry
        .metadata()
        .ok()
        .and_then(|metadata| metadata.modified().ok());
    modified.is_some_and(|modified| {
        args.changed_after.is_none_or(|time| modified >= time)
            && args.changed_before.is_none_or(|time| modified < time)
    })
}

/// The error without the number of the system's.
pub(crate) fn sentence(error: &ignore::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error")
        .map_or(text.as_str(), |(text, _)| text)
        .to_owned()
}
