//! Calls itself without end. The limit on the native stack must end it: outcome `stack-overflow`.

#![allow(clippy::print_stdout, reason = "a guest reports by printing")]

use std::hint::black_box;

fn main() {
    let result = descend(0, black_box(u64::MAX));
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
