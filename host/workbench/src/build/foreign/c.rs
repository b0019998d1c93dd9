//! C, by clang with wasi-libc, as a command for WASI preview 1.

use std::path::PathBuf;

use super::files::Files;
use super::program::Step;

const MISSING: &str = "the Debian packages clang, lld, wasi-libc and libclang-rt-dev-wasm32 have \
                       what C needs";

/// A stack of 1 MiB below everything else. By default it has 64 KiB, and lies where a program that
/// needs more writes over its own data.
const STACK: [&str; 2] = ["-Wl,--stack-first", "-Wl,-z,stack-size=1048576"];

pub(super) fn sources(files: &Files) -> Vec<&str> {
    files.at_the_top(".c")
}

pub(super) fn step(files: &Files) -> Step {
    let flags = [
        "--target=wasm32-wasi",
        "-std=c17",
        "-O2",
        "-Wall",
        "-Wextra",
    ];
    let flags = flags.into_iter().chain(STACK).map(Into::into);
    // A name that begins with `-` would be a flag.
    let sources = sources(files)
        .into_iter()
        .map(|file| format!("./{file}").into());
    Step {
        program: PathBuf::from("clang"),
        args: flags.chain(sources).chain(["-o".into()]).collect(),
        missing: MISSING.to_owned(),
        hints: &[
            ("wasm-ld", MISSING),
            ("file not found", MISSING),
            ("crt1", MISSING),
        ],
    }
}
