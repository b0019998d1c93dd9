//! `diff` as GNU's: the differences of two files or of two directory trees.

mod changes;
mod context;
mod entry;
mod files;
mod format;
mod hunks;
mod ignore;
mod normal;
mod options;
mod report;
mod sides;
mod tree;
mod unified;

use std::io::{self, BufWriter, Write};

use options::{Asked, Options};
use report::TROUBLE;

/// Bytes of output that are collected before the host is called, because a host call costs more
/// than a copy.
const OUTPUT_BUFFER: usize = 32 << 10;

fn main() {
    let asked = Options::parse(&cofferdam_command::arguments().collect::<Vec<_>>());
    let code = match asked {
        Ok(Asked::Compare(options)) => compare(&options),
        Ok(Asked::Print(text)) => match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => 0,
            Err(error) => failed(&error),
        },
        Err(stop) => {
            report::complain(stop.sentence());
            report::complain("Try 'diff --help' for more information.");
            TROUBLE
        }
    };
    std::process::exit(code)
}

fn compare(options: &Options) -> i32 {
    let mut out = BufWriter::with_capacity(OUTPUT_BUFFER, io::stdout().lock());
    let compared = tree::Comparison::new(options, &mut out).run();
    match compared.and_then(|outcome| out.flush().map(|()| outcome)) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &io::Error) -> i32 {
    report::complain(&cofferdam_command::path_error("standard output", error));
    TROUBLE
}
