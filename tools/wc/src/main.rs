//! `wc` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

mod chars;

mod program {
    /// The program, which counts bytes that are no text as characters when it counts no words.
    mod uu_wc {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            let args: Vec<_> = args.collect();
            match super::super::chars::Count::parse(&args) {
                Some(count) => count.run(),
                None => ::uu_wc::uumain(args.into_iter()),
            }
        }
    }

    uucore::bin!(uu_wc);
}

fn main() {
    program::main();
}
