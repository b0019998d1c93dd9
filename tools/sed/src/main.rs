//! `sed`: GNU sed's scripts, on expressions of POSIX.
//!
//! uutils has a sed too. It takes the first alternative that matches where POSIX has the longest
//! (`s/a|ab/x/` leaves a `b`), which changes files without a word, so it is not used.

mod args;
mod command;
mod escape;
mod input;
mod list;
mod output;
mod range;
mod replacement;
mod run;
mod script;
mod text;

use std::io::Write;
use std::process::ExitCode;

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, Stop, run};
use input::Input;
use output::Outputs;
use run::Run;
use script::{Reading, Script};

fn main() -> ExitCode {
    run("sed", include_str!("../USAGE.md"), sed)
}

/// The exit code for trouble while the script runs.
const TROUBLE: u8 = 4;

fn sed(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let reading = Reading {
        extended: args.extended,
        zero_ends: args.line_end == 0,
        no_files: args.no_files,
    };
    let script = Script::parse(&args.script, reading)?;
    let input = Input::new(&args, *complaints);
    let outputs = Outputs::new(out, &script.files, &args);
    let ran = outputs
        .and_then(|outputs| Run::new(&args, &script.commands, script.quiet, input, outputs).run());
    let code = ran.unwrap_or_else(|stop| {
        complaints.say(stop.sentence());
        TROUBLE
    });
    // What was printed before trouble is still to be seen.
    out.flush()?;
    Ok(Ending::Code(code))
}
