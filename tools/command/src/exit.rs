//! The end of a command with its exit code.
//!
//! The standard library of Rust 1.95 ends a command for `wasm32-wasip2` by `wasi:cli/exit`'s
//! `exit`, which carries success or failure and no number. WASI 0.2.12 has `exit-with-code`. A
//! program that is linked with this crate ends by that, wherever it ends: in [`exit`], in
//! `std::process::exit`, or in a library that calls either.

use std::io::Write;

/// Ends the command with this exit code, after what it printed.
pub fn exit(code: u8) -> ! {
    // Nobody is left to be told that it failed.
    let _ = std::io::stdout().flush();
    std::process::exit(code.into())
}

/// Replaces the function of the same name in wasi-libc, in which every `exit` ends, and which
/// drops the number. As everywhere, the lowest eight bits of a status are its exit code.
#[cfg(target_os = "wasi")]
#[allow(
    unsafe_code,
    reason = "the name is the linker's: libc has the function in an object of its own"
)]
#[unsafe(no_mangle)]
extern "C" fn _Exit(status: std::ffi::c_int) -> ! {
    let [code, ..] = status.to_le_bytes();
    wasip2::cli::exit::exit_with_code(code);
    // The host has ended the guest in that call.
    std::process::abort()
}
