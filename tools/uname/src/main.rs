//! `uname`: what system the sandbox is. Nothing about the machine below it is told.

use std::io::Write;
use std::process::ExitCode;

use cofferdam_command::{Ending, Output, Stop, run};
use lexopt::prelude::*;

/// Each piece with its short and long option, in the order in which `-a` prints them.
const PIECES: [(char, &str, &str); 6] = [
    ('s', "kernel-name", "WASI"),
    // As `hostname` says.
    ('n', "nodename", "cofferdam"),
    // The version of WASI that tools are built for.
    ('r', "kernel-release", "0.2"),
    ('v', "kernel-version", "wasm32-wasip2"),
    ('m', "machine", "wasm32"),
    ('o', "operating-system", "WASI"),
];

fn main() -> ExitCode {
    run("uname", include_str!("../USAGE.md"), |out, _| uname(out))
}

fn uname(out: &mut Output) -> Result<Ending, Stop> {
    let mut parser = cofferdam_command::parser();
    let mut asked = [false; PIECES.len()];
    while let Some(argument) = parser.next()? {
        match argument {
            Short('a') | Long("all") => asked = [true; PIECES.len()],
            // Names of the processor that are the machine's.
            Short('p' | 'i') | Long("processor" | "hardware-platform") => {
                ask(&mut asked, |(short, _, _)| short == 'm')
            }
            Short(letter) if PIECES.iter().any(|&(short, _, _)| short == letter) => {
                ask(&mut asked, |(short, _, _)| short == letter);
            }
            Long(name) if PIECES.iter().any(|&(_, long, _)| long == name) => {
                let name = name.to_owned();
                ask(&mut asked, |(_, long, _)| long == name);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if asked == [false; PIECES.len()] {
        ask(&mut asked, |(short, _, _)| short == 's');
    }
    let pieces = PIECES
        .iter()
        .zip(asked)
        .filter(|(_, asked)| *asked)
        .map(|((_, _, piece), _)| *piece);
    writeln!(out, "{}", pieces.collect::<Vec<_>>().join(" "))?;
    Ok(Ending::Success)
}

fn ask(
    asked: &mut [bool; PIECES.len()],
    is_it: impl Fn((char, &'static str, &'static str)) -> bool,
) {
    for (asked, piece) in asked.iter_mut().zip(PIECES) {
        *asked |= is_it(piece);
    }
}
