//! `tac` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

mod program {
    /// The program, which keeps standard input in a temporary file where it can make one, and to
    /// which a separator may be `=`.
    mod uu_tac {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            // Asked for the directory of such files, WASI's standard library panics. In this one
            // none can be made, and the program keeps its input in memory.
            tempfile::env::override_temp_dir(super::super::NOWHERE.as_ref()).ok();
            let mut args: Vec<_> = args.collect();
            cofferdam_command::keep_equals(&mut args, "s");
            ::uu_tac::uumain(args.into_iter())
        }
    }

    uucore::bin!(uu_tac);
}

/// A directory that no tool without `[[fs]]` for it has.
const NOWHERE: &str = "/tmp";

fn main() {
    program::main();
}
