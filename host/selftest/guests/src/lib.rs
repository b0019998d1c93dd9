//! Code that the hostile guests share: they report if they got out.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

pub mod http;

use std::io;
use std::process::ExitCode;

/// Reports forbidden acts and what came of them: `Ok` holds what was seen or done, which is an
/// escape.
///
/// Exit code 0 and a line `ESCAPED: …` on stdout when any of them succeeded; exit code 1 and every
/// error on stderr when all were refused.
pub fn verdict<const N: usize>(acts: [(&str, io::Result<String>); N]) -> ExitCode {
    let mut code = ExitCode::from(1);
    for (act, result) in acts {
        match result {
            Ok(got) => {
                println!("ESCAPED: {act}: {got}");
                code = ExitCode::SUCCESS;
            }
            Err(error) => eprintln!("{act}: {error}"),
        }
    }
    code
}

/// The names in a directory, as one line.
///
/// # Errors
///
/// When the directory cannot be opened or read.
pub fn list(path: &str) -> io::Result<String> {
    let names = std::fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    Ok(names.join(" "))
}

/// Makes the symbolic link `link`, which says `target`.
///
/// # Errors
///
/// When the host refuses.
#[allow(
    deprecated,
    reason = "the one way to a symbolic link that the stable standard library has on WASI"
)]
pub fn symlink(target: &str, link: &str) -> io::Result<()> {
    std::fs::soft_link(target, link)
}
