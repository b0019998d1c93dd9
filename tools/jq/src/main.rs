//! `jq`: jq's filters, with jq's flags.

mod args;
mod inputs;
mod output;

use std::process::ExitCode;

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, Stop, run};
use cofferdam_filter::Program;
use inputs::Files;

fn main() -> ExitCode {
    run("jq", include_str!("../USAGE.md"), jq)
}

fn jq(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let (names, values) = args.variables();
    let program = Program::new(&args.filter, &names)?;
    let inputs = Files::new(&args, complaints);
    let printer = output::Printer::new(&args);
    let mut last = None;
    let mut complain = |sentence: String| complaints.say(sentence);
    let ended = program.run(
        values,
        &inputs,
        args.null_input,
        &mut complain,
        &mut |value| {
            last = Some(value.is_true());
            printer.print(out, value)
        },
    )?;
    let halted = ended.halted.is_some_and(|code| code != 0);
    let empty = args.exit_status && last != Some(true);
    Ok((!(inputs.failed() || ended.failed || halted || empty)).into())
}
