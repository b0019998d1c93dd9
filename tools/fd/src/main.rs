//! `fd`: finds files by name, with the flags of fd.

mod args;
mod walk;

use std::io::Write;
use std::process::ExitCode;

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, Stop, run};

fn main() -> ExitCode {
    run("fd", include_str!("../USAGE.md"), fd)
}

fn fd(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let pattern = args.pattern()?;
    let (mut found, mut failed) = (0_usize, false);
    for root in &args.roots {
        for entry in walk::walk(&args, root)?.build() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    complaints.say(walk::sentence(&error));
                    failed = true;
                    continue;
                }
            };
            let Some(path) = walk::chosen(&args, &pattern, &entry) else {
                continue;
            };
            found += 1;
            if args.quiet {
                return Ok(Ending::Success);
            }
            write!(out, "{path}{}", if args.null { '\0' } else { '\n' })?;
            if args.max_results.is_some_and(|most| found >= most) {
                return Ok(Ending::Success);
            }
        }
    }
    // Finding nothing is no failure, unless that was the question.
    Ok((!failed && !args.quiet).into())
}
