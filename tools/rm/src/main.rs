//! `rm` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use std::ffi::OsString;

use cofferdam_command::take_empty_operands;

mod program {
    /// The program, with paths as WASI takes them.
    mod uu_rm {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            super::super::remove(args.map(super::super::without_slash).collect())
        }
    }

    uucore::bin!(uu_rm);
}

/// Runs the program without operands that are empty, which are told as what is not there.
fn remove(mut args: Vec<OsString>) -> i32 {
    // What it does not understand the program refuses itself.
    let Ok(matches) = uu_rm::uu_app().try_get_matches_from(&args) else {
        return uu_rm::uumain(args.into_iter());
    };
    let operands = matches.get_many::<OsString>("files");
    let operands: Vec<_> = operands.into_iter().flatten().collect();
    // The program skips them with a word, and forgets that this is a failure if it is forced.
    let skipped = i32::from(operands.iter().any(|operand| is_self_or_parent(operand)));
    let (empty, rest): (Vec<_>, Vec<_>) =
        operands.into_iter().partition(|operand| operand.is_empty());
    if !take_empty_operands(&mut args, empty.len()) {
        return skipped.max(uu_rm::uumain(args.into_iter()));
    }
    let forced = matches.get_flag("force");
    if !forced {
        complain();
    }
    let done = match rest.is_empty() {
        true => 0,
        false => uu_rm::uumain(args.into_iter()),
    };
    done.max(skipped).max(i32::from(!forced))
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
fn complain() {
    eprintln!("rm: cannot remove '': No such file or directory");
}

/// Returns true for `.` and `..`, alone or at the end of a path.
fn is_self_or_parent(operand: &OsString) -> bool {
    let text = operand.to_string_lossy();
    let last = text.trim_end_matches('/').rsplit('/').next();
    matches!(last, Some("." | ".."))
}

/// A directory's path without the slash at its end: WASI does not remove `dir/`. A link with one
/// means what it leads to, and is left to the program.
fn without_slash(arg: OsString) -> OsString {
    let trimmed = arg
        .to_str()
        .map(|arg| arg.trim_end_matches('/'))
        .filter(|path| !path.is_empty());
    match trimmed
        .filter(|path| std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()))
    {
        Some(path) => path.into(),
        None => arg,
    }
}

fn main() {
    program::main();
}
