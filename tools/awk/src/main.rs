//! `awk`: the language of POSIX with what gawk adds and scripts use, on expressions of POSIX.
//!
//! There is no well-kept library: frawk has another language and lies still, awk-rs and rawk take
//! Rust's expressions as they are and read texts that are not UTF-8 as errors. So a program is
//! compiled here, to steps of a machine whose stack is on the heap: a deep recursion ends with a
//! sentence.

mod args;
mod compile;
mod files;
mod format;
mod lexer;
mod machine;
mod number;
mod op;
mod reader;
mod record;
mod split;
mod text;
mod value;

use std::io::Write;
use std::process::ExitCode;

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, Stop, run};
use machine::Machine;

/// The exit code for trouble while the program runs.
const TROUBLE: u8 = 2;

fn main() -> ExitCode {
    run("awk", include_str!("../USAGE.md"), awk)
}

fn awk(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let program = compile::compile(&args.program)?;
    let mut machine = Machine::new(&program, out, *complaints);
    let ran = machine.prepare(&args).and_then(|()| machine.run());
    let code = ran.unwrap_or_else(|stop| {
        complaints.say(machine.sentence(&stop));
        TROUBLE
    });
    drop(machine);
    // What was printed before trouble is still to be seen.
    out.flush()?;
    Ok(Ending::Code(code))
}
