//! Takes memory without end and writes to every page of it. The host must refuse to grow it past
//! the limit: outcome `out-of-memory`, whether the guest then exits by itself or aborts.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::hint::black_box;
use std::process::ExitCode;

const MIB: usize = 1024 * 1024;

/// No ceiling lets a tool have a gibibyte, so whoever gets there has escaped.
const ESCAPE_MIB: usize = 1024;

fn main() -> ExitCode {
    let mut blocks = Vec::new();
    while blocks.len() < ESCAPE_MIB {
        let mut block: Vec<u8> = Vec::new();
        if let Err(error) = block.try_reserve_exact(MIB) {
            eprintln!("after {} MiB: {error}", blocks.len());
            return ExitCode::from(1);
        }
        block.resize(MIB, 1);
        blocks.push(black_box(block));
    }
    println!("ESCAPED: holds {} MiB", blocks.len());
    ExitCode::SUCCESS
}
