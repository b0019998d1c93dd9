//! `stat` as GNU's, for what a sandbox knows of files. uutils' needs owners and permission bits,
//! which WASI has not, and is not compiled for it.

mod directive;
mod format;
mod options;
mod quote;
mod status;

use std::io::{self, BufWriter, Write};

use cofferdam_command::path_error;

use options::{Asked, Options};
use status::Status;

/// Exit code of trouble.
const TROUBLE: i32 = 1;

fn main() {
    let code = match Options::parse() {
        Ok(Asked::Files(options)) => match files(&options) {
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
            complain("Try 'stat --help' for more information.");
            TROUBLE
        }
    };
    std::process::exit(code)
}

/// Returns true if everything went well.
fn files(options: &Options) -> io::Result<bool> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut well = true;
    for file in &options.files {
        match Status::of(file, options.follow) {
            Ok(status) => format::write(&mut out, options, &status)?,
            Err(error) => {
                well = false;
                let quoted = quote::always(file);
                complain(&format!("cannot stat {}", path_error(&quoted, &error)));
            }
        }
    }
    out.flush()?;
    Ok(well)
}

fn failed(error: &io::Error) -> i32 {
    complain(&path_error("standard output", error));
    TROUBLE
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
fn complain(sentence: &str) {
    eprintln!("stat: {sentence}");
}
