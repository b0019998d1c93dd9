//! `rmdir` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

// It ends with the exit codes of the program: the standard library drops their number.
use cofferdam_command as _;

mod program {
    /// The program, with paths as WASI takes them.
    mod uu_rmdir {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            ::uu_rmdir::uumain(args.map(super::super::without_slash))
        }
    }

    uucore::bin!(uu_rmdir);
}

/// A directory's path without the slash at its end: WASI does not remove `dir/`. A link with one
/// means what it leads to, and is left to the program.
fn without_slash(arg: std::ffi::OsString) -> std::ffi::OsString {
    let trimmed = arg
        .to_str()
        .map(|arg| arg.trim_end_matches('/'))
        .filter(|path| !path.is_empty());
    match trimmed
        .filter(|path| std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()))
    {
        Some(path) => path.into(),
        None => arg,
    }
}

fn main() {
    program::main();
}
