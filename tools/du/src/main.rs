//! `du` as GNU's. uutils' starts a thread, which no tool has.

mod options;
mod seen;
mod size;
mod total;

use std::io::{self, BufWriter, Write};

use cofferdam_command::path_error;

use options::{Asked, Options};
use total::Totals;

/// Exit code of trouble.
const TROUBLE: i32 = 1;

/// Bytes of output that are collected before the host is called, because a host call costs more
/// than a copy.
const OUTPUT_BUFFER: usize = 32 << 10;

fn main() {
    let code = match Options::parse() {
        Ok(Asked::Sum(options)) => match sum(&options) {
            Ok(true) => 0,
            Ok(false) => TROUBLE,
            Err(error) => failed(&error),
        },
        Ok(Asked::Print(text)) => match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => 0,
            Err(error) => failed(&error),
        },
        Err(stop) => {
            complain(stop.sentence());
            complain("Try 'du --help' for more information.");
            TROUBLE
        }
    };
    std::process::exit(code)
}

/// Returns true if everything went well.
fn sum(options: &Options) -> io::Result<bool> {
    let out = BufWriter::with_capacity(OUTPUT_BUFFER, io::stdout().lock());
    let mut totals = Totals::new(options, out);
    for file in &options.files {
        totals.argument(file)?;
    }
    totals.finish()
}

fn failed(error: &io::Error) -> i32 {
    complain(&path_error("standard output", error));
    TROUBLE
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
pub(crate) fn complain(sentence: &str) {
    eprintln!("du: {sentence}");
}
