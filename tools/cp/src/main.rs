//! `cp` of uutils, with its messages set up.
//!
//! Files here have no permission bits: `-p` and `-a` keep what there is to keep, and do not fail at
//! the bits.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

mod paths;
mod same;
mod tree;

use std::ffi::OsString;

use cofferdam_command as _;

mod program {
    /// The program, asked to keep no permission bits.
    mod uu_cp {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            let args = super::super::without_mode(super::super::without_layout(args.collect()));
            match super::super::tree::Copy::parse(&args) {
                Some(copy) => copy.run(),
                None => super::super::same::copy(args),
            }
        }
    }

    uucore::bin!(uu_cp);
}

/// The arguments, with an option that takes permission bits out of what is kept where anything is.
fn without_mode(mut args: Vec<OsString>) -> Vec<OsString> {
    // What it does not understand the program refuses itself.
    let Ok(matches) = uu_cp::uu_app().try_get_matches_from(&args) else {
        return args;
    };
    let keeps = matches.get_flag("archive")
        || matches.get_flag("preserve-default-attributes")
        || matches.contains_id("preserve");
    if keeps {
        // The last option holds, and options end at `--`.
        let end = args
            .iter()
            .position(|arg| arg == "--")
            .unwrap_or(args.len());
        args.insert(end, "--no-preserve=mode".into());
    }
    args
}

/// The arguments without `-x` and `--sparse`, which change no content: there is one file system,
/// and whether zeros take space is its matter.
fn without_layout(args: Vec<OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut args = args.into_iter();
    for arg in args.by_ref() {
        match arg.to_str() {
            Some("--") => {
                kept.push(arg);
                break;
            }
            Some("--one-file-system" | "--sparse=auto" | "--sparse=always" | "--sparse=never") => {}
            Some(text) if text.starts_with('-') && !text.starts_with("--") => {
                // Behind these letters stands a value.
                let end = text.find(['t', 'S']).unwrap_or(text.len());
                let (letters, value) = text.split_at_checked(end).unwrap_or((text, ""));
                let letters = letters.replace('x', "");
                if letters.len() > 1 || !value.is_empty() || text == "-" {
                    kept.push(format!("{letters}{value}").into());
                }
            }
            _ => kept.push(arg),
        }
    }
    kept.extend(args);
    kept
}

#[allow(
    clippy::disallowed_methods,
    reason = "nothing of the program has run yet that could mean another directory"
)]
fn main() {
    // Every WASI program starts in `/`, although its relative paths lead to the workspace. Paths
    // are resolved from there.
    std::env::set_current_dir("/workspace").ok();
    program::main();
}
