//! `touch` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use std::ffi::OsString;

use cofferdam_command::{date_text, replace_value, take_empty_operands};

mod program {
    /// The program, with dates as its parser understands them.
    mod uu_touch {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            super::super::touch(args.collect())
        }
    }

    uucore::bin!(uu_touch);
}

fn touch(mut args: Vec<OsString>) -> i32 {
    // What it does not understand the program refuses itself.
    let Ok(matches) = uu_touch::uu_app().try_get_matches_from(&args) else {
        return uu_touch::uumain(args.into_iter());
    };
    if let Some(text) = matches.get_one::<String>("date") {
        replace_value(&mut args, text, &date_text(text));
    }
    let operands = matches.get_many::<OsString>("files");
    let (empty, rest): (Vec<_>, Vec<_>) = operands
        .into_iter()
        .flatten()
        .partition(|operand| operand.is_empty());
    if !take_empty_operands(&mut args, empty.len()) {
        return uu_touch::uumain(args.into_iter());
    }
    // Files that are not there are no failure with `-c`.
    let missing = !matches.get_flag("no-create");
    if missing {
        complain();
    }
    let done = match rest.is_empty() {
        true => 0,
        false => uu_touch::uumain(args.into_iter()),
    };
    done.max(i32::from(missing))
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
fn complain() {
    eprintln!("touch: cannot touch '': No such file or directory");
}

fn main() {
    program::main();
}
