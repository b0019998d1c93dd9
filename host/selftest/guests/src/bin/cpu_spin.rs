//! Spins forever. Fuel or the deadline must end it: outcome `out-of-fuel` or `deadline`, never a
//! hang of the host.

use std::hint::black_box;

fn main() {
    let mut turns: u64 = 0;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}
