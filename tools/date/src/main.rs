//! `date` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

// It ends with the exit codes of the program: the standard library drops their number.
use cofferdam_command as _;

mod program {
    /// The program, without what no tool may do.
    mod uu_date {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            let args: Vec<_> = args.collect();
            let sets = ::uu_date::uu_app()
                .try_get_matches_from(&args)
                .is_ok_and(|matches| matches.contains_id("set"));
            if sets {
                super::super::refuse()
            } else {
                ::uu_date::uumain(args.into_iter())
            }
        }
    }

    uucore::bin!(uu_date);
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
fn refuse() -> i32 {
    eprintln!("date: a tool cannot set the clock; without -s the time is printed");
    1
}

fn main() {
    program::main();
}
