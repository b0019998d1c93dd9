//! `readlink` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

// It ends with the exit codes of the program: the standard library drops their number.
use cofferdam_command as _;

mod program {
    uucore::bin!(uu_readlink);
}

#[allow(
    clippy::disallowed_methods,
    reason = "nothing of the program has run yet that could mean another directory"
)]
fn main() {
    // Every WASI program starts in `/`, although its relative paths lead to the workspace. Without
    // one `/` is true.
    std::env::set_current_dir("/workspace").ok();
    program::main();
}
