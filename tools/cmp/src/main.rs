//! `cmp` as GNU's: the first byte in which two files differ, or all of them. That of uutils'
//! diffutils takes no letters of options together, and reads on behind a limit.

mod compare;
mod options;
mod visible;

use std::io::{self, BufWriter, Write};

use cofferdam_command::words;

use compare::Outcome;
use options::{Asked, Options};

/// Exit code of a comparison that could not be made.
const TROUBLE: i32 = 2;

/// Bytes of output that are collected before the host is called, because a host call costs more
/// than a copy.
const OUTPUT_BUFFER: usize = 32 << 10;

fn main() {
    let code = match Options::parse() {
        Ok(Asked::Compare(options)) => run(&options),
        Ok(Asked::Print(text)) => match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => 0,
            Err(error) => failed(&error),
        },
        Err(stop) => {
            complain(stop.sentence());
            complain("Try 'cmp --help' for more information.");
            TROUBLE
        }
    };
    std::process::exit(code)
}

fn run(options: &Options) -> i32 {
    let mut out = BufWriter::with_capacity(OUTPUT_BUFFER, io::stdout().lock());
    let compared = compare::files(options, &mut out);
    // The bytes that differ come before the end of the shorter file.
    if let Err(error) = out.flush() {
        return failed(&error);
    }
    match compared {
        Ok(Outcome::Same) => 0,
        Ok(Outcome::Different) => 1,
        Ok(Outcome::Ended(sentence)) => {
            complain(&sentence);
            1
        }
        Err(stop) => {
            complain(stop.sentence());
            TROUBLE
        }
    }
}

fn failed(error: &io::Error) -> i32 {
    complain(&format!("standard output: {}", words(error)));
    TROUBLE
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
fn complain(sentence: &str) {
    eprintln!("cmp: {sentence}");
}
