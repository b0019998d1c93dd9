//! `test` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use std::ffi::OsString;
use std::path::Path;

// It ends with exit codes beyond 1.
use cofferdam_command as _;
use uucore::fs::{MissingHandling, ResolveMode, canonicalize};

/// The operator that is true for two names of one file.
const SAME_FILE: &str = "-ef";

mod program {
    /// The program, which is told the same number for one file alone, and another for a link to it.
    mod uu_test {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            ::uu_test::uumain(super::super::followed(args.collect()).into_iter())
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

fn main() {
    program::main();
}
