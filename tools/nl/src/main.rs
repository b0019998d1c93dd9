//! `nl` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use std::ffi::OsString;

/// Options with a number that may be negative.
const NUMBERED: [&str; 4] = ["-v", "-i", "--starting-line-number", "--line-increment"];

mod program {
    /// The program, which takes a negative number for an option unless it is in one word with its
    /// own, and to which a separator may be `=`.
    mod uu_nl {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            let mut args = super::super::joined(args.collect());
            cofferdam_command::keep_equals(&mut args, "bdfhilnsvw");
            ::uu_nl::uumain(args.into_iter())
        }
    }

    uucore::bin!(uu_nl);
}

/// Returns the arguments with negative numbers in one word with their options.
fn joined(args: Vec<OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::with_capacity(args.len());
    for arg in args {
        let option = joined
            .last_mut()
            .filter(|last| NUMBERED.iter().any(|name| *last == name));
        match option {
            Some(option) if is_negative(&arg) => {
                if option.to_string_lossy().starts_with("--") {
                    option.push("=");
                }
                option.push(arg);
            }
            _ => joined.push(arg),
        }
    }
    joined
}

fn is_negative(arg: &OsString) -> bool {
    let text = arg.to_string_lossy();
    let digits = text.strip_prefix('-').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn main() {
    program::main();
}
