//! `sort` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

// It ends with the exit codes of the program: the standard library drops their number.
use cofferdam_command as _;

mod program {
    /// The program, without what needs threads.
    mod uu_sort {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            let args: Vec<_> = args.collect();
            if super::super::is_threaded(&args) {
                super::super::refuse()
            } else {
                ::uu_sort::uumain(args.into_iter())
            }
        }
    }

    uucore::bin!(uu_sort);
}

/// Whether an option is given for which uutils starts threads.
fn is_threaded(args: &[std::ffi::OsString]) -> bool {
    // What it does not understand the program refuses itself.
    uu_sort::uu_app()
        .try_get_matches_from(args)
        .is_ok_and(|matches| {
            matches.contains_id("check")
                || matches.get_flag("check-silent")
                || matches.get_flag("merge")
        })
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
fn refuse() -> i32 {
    eprintln!("sort: -c, -C and -m need threads, which no tool has; sort the files without them");
    1
}

fn main() {
    program::main();
}
