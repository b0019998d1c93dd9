//! `patch`: GNU patch for unified differences.

mod apply;
mod args;
mod file;
mod parse;

use std::process::ExitCode;

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, Stop, read, run};
use file::Outcome;

/// The exit code for trouble other than hunks that do not fit.
const TROUBLE: u8 = 2;

fn main() -> ExitCode {
    run("patch", include_str!("../USAGE.md"), patch)
}

fn patch(out: &mut Output, _: &Complaints) -> Result<Ending, Stop> {
    match all(out) {
        Ok(Outcome::Done) => Ok(Ending::Success),
        Ok(Outcome::Failed) => Ok(Ending::Failure),
        Err(stop) => Err(stop.with_code(TROUBLE)),
    }
}

/// Patches all files. A broken patch changes none.
fn all(out: &mut Output) -> Result<Outcome, Stop> {
    let args = Args::parse()?;
    let text = read(&args.patch_path())?;
    let sections = parse::parse(&text)?;
    if sections.is_empty() && !text.is_empty() {
        return Err(Stop::new("Only garbage was found in the patch input."));
    }
    let mut outcome = Outcome::Done;
    for section in sections {
        if file::patch(out, &args, section)? == Outcome::Failed {
            outcome = Outcome::Failed;
        }
    }
    Ok(outcome)
}
