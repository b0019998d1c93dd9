//! Writes 10 GiB, into one file or over itself again and again: the argument `over` says so. The
//! host must refuse after its limit of bytes.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest is told what to do by its arguments, and reports by printing"
)]

use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom, Write};
use std::process::ExitCode;

const GIBIBYTES: u64 = 10;
const MIB: usize = 1024 * 1024;

fn main() -> ExitCode {
    let which = std::env::args().nth(1).unwrap_or_default();
    let mut written = 0;
    match fill(&which, &mut written) {
        Ok(()) => {
            println!("ESCAPED: wrote {written} MiB");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("after {written} MiB: {error}");
            ExitCode::from(1)
        }
    }
}

fn fill(which: &str, written: &mut u64) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = match which {
        "append" => options.create(true).append(true).open("fill.bin")?,
        _ => options
            .create(true)
            .write(true)
            .truncate(true)
            .open("fill.bin")?,
    };
    let block = vec![7; MIB];
    while *written < GIBIBYTES * 1024 {
        if which == "over" {
            file.seek(SeekFrom::Start(0))?;
        }
        file.write_all(&block)?;
        *written += 1;
    }
    Ok(())
}
