//! `readlink` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use std::ffi::OsString;

use cofferdam_command::take_empty_operands;

mod program {
    /// The program, without operands that are empty.
    mod uu_readlink {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            super::super::read(args.collect())
        }
    }

    uucore::bin!(uu_readlink);
}

/// Runs the program without operands that are empty: they lead nowhere, and fail in silence.
fn read(mut args: Vec<OsString>) -> i32 {
    // What it does not understand the program refuses itself.
    let Ok(matches) = uu_readlink::uu_app().try_get_matches_from(&args) else {
        return uu_readlink::uumain(args.into_iter());
    };
    let operands = matches.get_many::<OsString>("files");
    let (empty, rest): (Vec<_>, Vec<_>) = operands
        .into_iter()
        .flatten()
        .partition(|operand| operand.is_empty());
    if !take_empty_operands(&mut args, empty.len()) {
        return uu_readlink::uumain(args.into_iter());
    }
    if !rest.is_empty() {
        uu_readlink::uumain(args.into_iter());
    }
    1
}

#[allow(
    clippy::disallowed_methods,
    reason = "nothing of the program has run yet that could mean another directory"
)]
fn main() {
    // Every WASI program starts in `/`, although its relative paths lead to the workspace. Without
    // one `/` is true.
    std::env::set_current_dir("/workspace").ok();
    program::main();
}
