//! `jq`: jq's filters, with jq's flags.

mod args;
mod inputs;
mod output;

use std::process::ExitCode;

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, Stop, run};
use cofferdam_filter::Program;
use inputs::Files;

/// Exit codes of jq: a wrong command line or input, a filter that cannot be compiled, no result
/// with `-e`, and an error of the filter.
const WRONG: u8 = 2;
const NO_PROGRAM: u8 = 3;
const NOTHING: u8 = 4;
const FAILED: u8 = 5;

fn main() -> ExitCode {
    run("jq", include_str!("../USAGE.md"), jq)
}

fn jq(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse().map_err(|stop| stop.with_code(WRONG))?;
    let (names, values) = args.variables();
    let program =
        Program::new(&args.filter, &names).map_err(|error| error.with_code(NO_PROGRAM))?;
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
    let code = match (ended.halted, last) {
        (Some(code), _) => u8::try_from(code).unwrap_or(FAILED),
        _ if inputs.failed() => WRONG,
        _ if ended.failed => FAILED,
        (None, Some(true)) => 0,
        (None, Some(false)) => u8::from(args.exit_status),
        (None, None) if args.exit_status => NOTHING,
        (None, None) => 0,
    };
    Ok(Ending::Code(code))
}
