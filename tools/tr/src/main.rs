//! `tr` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use std::ffi::OsString;

use cofferdam_command as _;

mod program {
    /// The program, with sets as it understands them.
    mod uu_tr {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            ::uu_tr::uumain(args.map(super::super::repeated_hyphen))
        }
    }

    uucore::bin!(uu_tr);
}

/// A set in which `[-*]` and `[-*N]`, repeated hyphens, are not taken for a range.
fn repeated_hyphen(set: OsString) -> OsString {
    match set.to_str() {
        Some(text) if text.contains("[-*") => text.replace("[-*", "[\\055*").into(),
        _ => set,
    }
}

fn main() {
    program::main();
}
