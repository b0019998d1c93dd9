//! `expr` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use std::ffi::OsString;

// It ends with exit codes beyond 1.
use cofferdam_command as _;

/// Words behind which an operand stands.
const BEFORE_OPERAND: [&str; 19] = [
    "|", "&", "=", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", ":", "(", "match",
    "index", "length",
];

mod program {
    /// The program, which does not know `==` for `=`.
    mod uu_expr {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            ::uu_expr::uumain(super::super::single(args.collect()).into_iter())
        }
    }

    uucore::bin!(uu_expr);
}

/// Returns the arguments with `=` in the place of each `==` between two operands.
fn single(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_operator = |args: &[OsString], at: usize| {
        let before = at.checked_sub(1).and_then(|before| args.get(before));
        args.get(at).is_some_and(|arg| arg == "==")
            && before.is_some_and(|before| BEFORE_OPERAND.iter().all(|word| before != word))
    };
    // The name of the program and an operand are before it.
    for at in 2..args.len() {
        if is_operator(&args, at)
            && let Some(arg) = args.get_mut(at)
        {
            *arg = "=".into();
        }
    }
    args
}

fn main() {
    program::main();
}
