//! `cp` of uutils, with its messages set up.
//!
//! Files here have no permission bits: `-p` and `-a` keep what there is to keep, and do not fail at
//! the bits.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

// It ends with the exit codes of the program: the standard library drops their number.
use cofferdam_command as _;

use std::ffi::OsString;

mod program {
    /// The program, asked to keep no permission bits.
    mod uu_cp {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            let args = super::super::without_mode(args.collect());
            ::uu_cp::uumain(args.into_iter())
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

fn main() {
    program::main();
}
