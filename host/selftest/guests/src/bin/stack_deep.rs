//! Calls itself without end. The limit on the native stack must end it: outcome `stack-overflow`.
//!
//! With `memory` for an argument its frames lie in its own memory, where the stack ends first; with
//! `pointer` it does not recurse, and reads where no memory is.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a guest reads its arguments and reports by printing"
)]

use std::hint::black_box;

fn main() {
    let result = match std::env::args().nth(1).as_deref() {
        Some("memory") => descend_in_memory(0, black_box(u64::MAX)),
        Some("pointer") => read(0x7000_0000),
        _ => descend(0, black_box(u64::MAX)),
    };
    println!("ESCAPED: came back with {result}");
}

/// Uses twice what comes back, so that this cannot be turned into a loop. Nothing here has an
/// address, so the frames lie on the native stack and not in the guest's own memory, where they
/// would hit the end of that first.
#[inline(never)]
fn descend(depth: u64, bottom: u64) -> u64 {
    if depth == bottom {
        return 1;
    }
    let below = descend(depth.wrapping_add(1), bottom);
    below.rotate_left(7) ^ depth.wrapping_mul(below | 1)
}

/// The same with 4 KiB that have an address.
#[inline(never)]
fn descend_in_memory(depth: u64, bottom: u64) -> u64 {
    let mut frame = [depth; 512];
    if depth == bottom {
        return 1;
    }
    let below = descend_in_memory(depth.wrapping_add(1), bottom);
    black_box(&mut frame)[0] ^ below.rotate_left(7)
}

/// Reads a number at an address.
#[allow(
    unsafe_code,
    reason = "a guest may read what it likes, and is ended for it"
)]
fn read(address: usize) -> u64 {
    let address = black_box(address) as *const u64;
    // SAFETY: there is none; the access ends the guest.
    unsafe { address.read_volatile() }
}
