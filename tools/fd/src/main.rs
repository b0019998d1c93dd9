//! `fd`: finds files by name, with the flags of fd.

mod args;
mod walk;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, Stop, run};

fn main() -> ExitCode {
    run("fd", include_str!("../USAGE.md"), fd)
}

fn fd(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let patterns = args.patterns()?;
    let (mut found, mut failed) = (0_usize, false);
    for root in &args.roots {
        // With `--prune`: what is below it is passed over, as it comes next.
        let mut pruned: Option<PathBuf> = None;
        for entry in walk::walk(&args, root)?.build() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    complaints.say(walk::sentence(&error));
                    failed = true;
                    continue;
                }
            };
            if pruned
                .as_ref()
                .is_some_and(|above| entry.path().starts_with(above))
            {
                continue;
            }
            let Some(path) = walk::chosen(&args, &patterns, &entry) else {
                continue;
            };
            if args.prune && entry.file_type().is_some_and(|kind| kind.is_dir()) {
                pruned = Some(entry.path().to_owned());
            }
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
