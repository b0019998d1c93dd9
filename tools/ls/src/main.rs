//! `ls` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use std::ffi::OsString;

use cofferdam_command::take_empty_operands;

/// Exit code for an operand or an option that cannot be followed.
const TROUBLE: i32 = 2;

/// Options for what files do not have here. What would be printed is not true.
const ABSENT: [(&str, &str); 2] = [
    ("inode", "the numbers of files are not shown to tools"),
    (
        "size",
        "how many blocks a file takes is not known here; -l shows sizes in bytes",
    ),
];

mod program {
    /// The program, without what it gets wrong.
    mod uu_ls {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            super::super::list(args.collect())
        }
    }

    uucore::bin!(uu_ls);
}

fn list(mut args: Vec<OsString>) -> i32 {
    // What it does not understand the program refuses itself.
    let Ok(matches) = uu_ls::uu_app().try_get_matches_from(&args) else {
        return uu_ls::uumain(args.into_iter());
    };
    if let Some(size) = matches.get_one::<String>("block-size")
        && is_unit(size)
    {
        return complain(&format!(
            "--block-size={size} prints sizes with the unit behind them, which is not supported \
             here: --block-size=1{size} prints the same numbers without it, and -h chooses units"
        ));
    }
    for (flag, why) in ABSENT {
        if matches.get_flag(flag) {
            return complain(&format!("--{flag}: {why}"));
        }
    }
    let operands = matches.get_many::<OsString>("paths");
    let (empty, rest): (Vec<_>, Vec<_>) = operands
        .into_iter()
        .flatten()
        .partition(|operand| operand.is_empty());
    if !take_empty_operands(&mut args, empty.len()) {
        return uu_ls::uumain(args.into_iter());
    }
    let missing = complain("cannot access '': No such file or directory");
    match rest.is_empty() {
        true => missing,
        false => missing.max(uu_ls::uumain(args.into_iter())),
    }
}

/// Returns true for a block size without a number.
fn is_unit(size: &str) -> bool {
    size.starts_with(|char: char| "KkMGTPEZY".contains(char))
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
fn complain(what: &str) -> i32 {
    eprintln!("ls: {what}");
    TROUBLE
}

fn main() {
    program::main();
}
