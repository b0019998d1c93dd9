//! `shasum` as Perl brings it: SHA-1 and SHA-2 digests of files, printed or checked.

mod check;
mod digest;
mod options;

use std::io::{self, Write};
use std::process::ExitCode;

use digest::Algorithm;
use options::{Asked, Options};

#[allow(
    clippy::disallowed_methods,
    reason = "a command line program reads its arguments"
)]
fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os()) {
        Ok(Asked::Work(options)) => options,
        Ok(Asked::Print(text)) => {
            return ended(io::stdout().write_all(text.as_bytes()).map(|()| true));
        }
        Err(problem) => {
            complain(&problem);
            complain("Type shasum -h for help");
            return ExitCode::FAILURE;
        }
    };
    ended(work(&options))
}

fn ended(done: io::Result<bool>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("shasum: standard output: {}", reason(&error)));
            ExitCode::FAILURE
        }
    }
}

/// Whether everything went well.
fn work(options: &Options) -> io::Result<bool> {
    let mut well = true;
    for file in &options.files {
        well &= if options.check.is_some() {
            check::file(file, options)?
        } else {
            print(file, options)?
        };
    }
    io::stdout().flush()?;
    Ok(well)
}

/// Prints the digest of one file.
fn print(file: &str, options: &Options) -> io::Result<bool> {
    let digest = match options.algorithm.digest(file, options.mode) {
        Ok(digest) => digest,
        Err(error) => {
            complain(&format!("shasum: {file}: {}", reason(&error)));
            return Ok(false);
        }
    };
    let (backslash, name) = escaped(file);
    let mut out = io::stdout().lock();
    if options.tag {
        writeln!(
            out,
            "{backslash}{} ({name}) = {digest}",
            options.algorithm.tag()
        )?;
    } else {
        writeln!(out, "{backslash}{digest} {}{name}", options.mode.symbol())?;
    }
    Ok(true)
}

/// A name that fits in a line, and the mark of a line whose name had to be changed for that.
fn escaped(file: &str) -> (&'static str, String) {
    if file.contains(['\\', '\n']) {
        ("\\", file.replace('\\', "\\\\").replace('\n', "\\n"))
    } else {
        ("", file.to_owned())
    }
}

/// The sentence of an error, without the number that WASI has for it.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
fn complain(sentence: &str) {
    eprintln!("{sentence}");
}

impl Algorithm {
    /// What follows from the length of a digest in a list, where `self` was asked for.
    fn of_length(self, digits: usize) -> Option<Self> {
        let length = |algorithm: &Self| algorithm.digits() == digits;
        Some(self)
            .filter(length)
            .or_else(|| Self::ALL.into_iter().find(length))
    }
}
