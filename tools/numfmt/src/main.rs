//! `numfmt` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

mod program {
    /// The program, to which a separator may be `=`.
    mod uu_numfmt {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            let mut args: Vec<_> = args.collect();
            cofferdam_command::keep_equals(&mut args, "d");
            ::uu_numfmt::uumain(args.into_iter())
        }
    }

    uucore::bin!(uu_numfmt);
}

fn main() {
    program::main();
}
