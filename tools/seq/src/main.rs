//! `seq` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

mod program {
    /// The program, to which a separator may be `=`.
    mod uu_seq {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            let mut args: Vec<_> = args.collect();
            cofferdam_command::keep_equals(&mut args, "sft");
            ::uu_seq::uumain(args.into_iter())
        }
    }

    uucore::bin!(uu_seq);
}

fn main() {
    program::main();
}
