//! `grep`: GNU grep's syntax and output, on ripgrep's matcher, searcher and printer.

mod args;
mod files;
mod output;
mod syntax;

use std::process::ExitCode;

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, Stop, run};
use output::Printer;

fn main() -> ExitCode {
    run("grep", include_str!("../USAGE.md"), grep)
}

fn grep(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let matcher = syntax::matcher(&args)?;
    let mut searcher = args.searcher();
    let mut printer = Printer::new(&args, out);
    let (mut matched, mut failed) = (false, false);
    let mut complain = |stop: &Stop| {
        if !args.silent {
            complaints.say(stop.sentence());
        }
        failed = true;
    };
    files::each(&args, &mut complain, |file| {
        let found = printer.search(&mut searcher, &matcher, file)?;
        matched |= found;
        // `-q` needs no second match.
        Ok(!(found && args.quiet))
    });
    // A match outweighs a problem only for who asked for nothing else.
    Ok((matched && (args.quiet || !failed)).into())
}
