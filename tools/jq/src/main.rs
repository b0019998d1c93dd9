//! `jq`: jq's filters on jaq, with jq's flags.

mod args;
mod output;

use std::process::ExitCode;

use args::{Args, Input};
use cofferdam_command::{Complaints, Ending, Output, STDIN, Stop, read, run};
use cofferdam_filter::{Program, Val, array, json_values, text};

fn main() -> ExitCode {
    run("jq", include_str!("../USAGE.md"), jq)
}

fn jq(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let (names, values) = args.variables();
    let program = Program::new(&args.filter, &names)?;
    let mut failed = false;
    let mut bytes = Vec::new();
    let files = if args.files.is_empty() {
        vec![STDIN.to_owned()]
    } else {
        args.files.clone()
    };
    for file in &files {
        match read(file) {
            Ok(content) => bytes.extend(content),
            Err(stop) => {
                complaints.say(format!("error: could not open {}", stop.sentence()));
                failed = true;
            }
        }
    }
    let inputs = inputs(&args, &bytes)?;
    let printer = output::Printer::new(&args);
    let mut last = None;
    let mut complain = |sentence: String| complaints.say(format!("error: {sentence}"));
    let ended = program.run(
        values,
        inputs,
        args.null_input,
        &mut complain,
        &mut |value| {
            last = Some(!matches!(value, Val::Null | Val::Bool(false)));
            printer.print(out, value)
        },
    )?;
    let halted = ended.halted.is_some_and(|code| code != 0);
    let empty = args.exit_status && last != Some(true);
    Ok((!(failed || ended.failed || halted || empty)).into())
}

type Values<'a> = Box<dyn Iterator<Item = Result<Val, String>> + 'a>;

/// What the filter is run for.
fn inputs<'a>(args: &Args, bytes: &'a [u8]) -> Result<Values<'a>, Stop> {
    let lossy = |line: &[u8]| text(String::from_utf8_lossy(line));
    Ok(match (args.input, args.slurp) {
        (Input::Json, false) => Box::new(json_values(bytes)?),
        (Input::Json, true) => {
            let all: Result<Vec<_>, _> = json_values(bytes)?.collect();
            Box::new(std::iter::once(all.map(array)))
        }
        (Input::Lines, true) => Box::new(std::iter::once(Ok(lossy(bytes)))),
        (Input::Lines, false) => {
            let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
            let lines = (!bytes.is_empty())
                .then(|| whole.split(|byte| *byte == b'\n'))
                .into_iter()
                .flatten();
            Box::new(lines.map(move |line| Ok(lossy(line))))
        }
    })
}
