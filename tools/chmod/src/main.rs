//! `chmod`, where there are no permission bits: WASI 0.2 has no call that sets them. A program or a
//! model that tries it learns so in one sentence, instead of a success that changed nothing.

use std::process::ExitCode;

/// What `chmod --help` prints.
const HELP: &str = "\
Usage: chmod MODE FILE...

Files in this sandbox have no permission bits, so chmod changes nothing and always fails.
What a tool may read or write is decided by its grant, file by file the same.
";

/// What it says to every call.
const SENTENCE: &str = "files in this sandbox have no permission bits, so their mode cannot be \
                        changed; nothing was done";

#[allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program reads its arguments and prints"
)]
fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let asked = args.find(|arg| matches!(arg.as_str(), "--help" | "--version"));
    match asked.as_deref() {
        Some("--help") => print!("{HELP}"),
        Some(_) => println!("chmod 0.1.0 (cofferdam)"),
        None => {
            eprintln!("chmod: {SENTENCE}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
