//! `more`: without a terminal there are no pages, so it prints its files, with their names above
//! them if there are several.

use std::io::{self, Write};
use std::process::ExitCode;

use cofferdam_command::{Complaints, Ending, Output, STDIN, Stop, open, path_error, run};
use lexopt::prelude::*;

/// The line above and below a name, as `more` of util-linux draws it.
const BAR: &str = "::::::::::::::";

fn main() -> ExitCode {
    run("more", include_str!("../USAGE.md"), more)
}

fn more(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let mut parser = cofferdam_command::parser();
    let mut files = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            // How pages are shown; there are none.
            Short('d' | 'f' | 'l' | 'c' | 'p' | 's' | 'u' | 'e') => {}
            Short('n') | Long("lines") => drop(parser.value()?),
            Value(file) => files.push(file.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().into()),
        }
    }
    let named = files.len() > 1;
    if files.is_empty() {
        files.push(STDIN.to_owned());
    }
    let mut ending = Ending::Success;
    for file in &files {
        let mut input = match open(file) {
            Ok(input) => input,
            Err(stop) => {
                complaints.say(stop.sentence());
                ending = Ending::Failure;
                continue;
            }
        };
        if named {
            writeln!(out, "{BAR}\n{file}\n{BAR}")?;
        }
        io::copy(&mut input, out).map_err(|error| Stop::new(path_error(file, &error)))?;
    }
    Ok(ending)
}
