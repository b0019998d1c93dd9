//! `test` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use std::ffi::OsString;
use std::path::Path;

// It ends with exit codes beyond 1.
use cofferdam_command as _;
use uucore::fs::{MissingHandling, ResolveMode, canonicalize};

/// The operator that is true for two names of one file.
const SAME_FILE: &str = "-ef";

/// Operators about one file, behind which its name stands.
const ABOUT_A_FILE: [&str; 9] = ["-d", "-e", "-f", "-h", "-L", "-r", "-s", "-S", "-p"];

/// A name that no file has: names have no NUL.
const NO_FILE: &str = "\0";

mod program {
    /// The program, which is told the same number for one file alone, and another for a link to it.
    mod uu_test {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            let args = super::super::named(super::super::followed(args.collect()));
            ::uu_test::uumain(args.into_iter())
        }
    }

    uucore::bin!(uu_test);
}

/// Returns the arguments with files in the place of links to them on both sides of `-ef`.
fn followed(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_operator = |at: usize| args.get(at).is_some_and(|arg| arg == SAME_FILE);
    let beside: Vec<usize> = (1..args.len())
        .filter(|at| is_operator(at.saturating_add(1)) || is_operator(at.saturating_sub(1)))
        .collect();
    for at in beside {
        if let Some(arg) = args.get_mut(at)
            && Path::new(arg).is_symlink()
            && let Ok(file) = canonicalize(&*arg, MissingHandling::Existing, ResolveMode::Physical)
        {
            *arg = file.into_os_string();
        }
    }
    args
}

/// Returns the arguments with a name that no file has in the place of empty ones: to WASI an empty
/// name is the working directory.
fn named(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_about_file = |arg: &OsString| ABOUT_A_FILE.iter().any(|name| arg == name);
    let empty: Vec<usize> = (2..args.len())
        .filter(|at| args.get(*at).is_some_and(|arg| arg.is_empty()))
        .filter(|at| args.get(at.saturating_sub(1)).is_some_and(is_about_file))
        .collect();
    for at in empty {
        if let Some(arg) = args.get_mut(at) {
            *arg = NO_FILE.into();
        }
    }
    args
}

fn main() {
    program::main();
}
