//! `grep`: GNU grep's syntax and output, on the engines of ripgrep and fancy-regex.

mod args;
mod files;
mod output;
mod syntax;

use std::fs::File;
use std::io::{self, Read};

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, STDIN, Stop, path_error, run};
use output::Printer;

/// Exit code for trouble; 1 means that nothing was found.
const TROUBLE: u8 = 2;

fn main() {
    run("grep", include_str!("../USAGE.md"), |out, complaints| {
        grep(out, complaints).map_err(|stop| stop.with_code(TROUBLE))
    })
}

fn grep(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let engine = syntax::engine(&args, &mut |warning| complaints.say(warning))?;
    let mut searcher = args.searcher();
    let (mut matched, mut failed, mut printed) = (false, false, false);
    if args.searches_nothing() {
        return Ok(Ending::Failure);
    }
    let mut complain = |stop: &Stop| {
        if !args.silent {
            complaints.say(stop.sentence());
        }
        failed = true;
    };
    files::each(&args, &mut complain, |file| {
        let name = if file == STDIN { &args.label } else { file };
        let input = Input::open(file)?;
        let mut printer = Printer::new(&args, &engine, out, name, &mut printed);
        printer.align(input.size);
        searcher
            .search_reader(&engine, input.reader, &mut printer)
            .map_err(|error| Stop::new(path_error(name, &error)))?;
        printer.finish()?;
        let found = printer.count > 0;
        if printer.binary_matched {
            complaints.say(format!("{name}: binary file matches (-a prints its lines)"));
        }
        matched |= found;
        // `-q` needs no second match.
        Ok(!(found && args.quiet))
    });
    // A match outweighs a problem only for who asked for nothing else.
    Ok(match matched {
        _ if failed && !(matched && args.quiet) => Ending::Code(TROUBLE),
        true => Ending::Success,
        false => Ending::Failure,
    })
}

/// A file or standard input.
struct Input {
    reader: Box<dyn Read>,
    /// In bytes, where it is known.
    size: Option<u64>,
}

impl Input {
    fn open(file: &str) -> Result<Self, Stop> {
        if file == STDIN {
            return Ok(Self {
                reader: Box::new(io::stdin().lock()),
                size: None,
            });
        }
        let failed = |error: io::Error| Stop::new(path_error(file, &error));
        let opened = File::open(file).map_err(failed)?;
        let metadata = opened.metadata().map_err(failed)?;
        // Opening a directory works, and only reading it does not.
        if metadata.is_dir() {
            return Err(Stop::new(format!("{file}: Is a directory")));
        }
        Ok(Self {
            reader: Box::new(opened),
            size: metadata.is_file().then_some(metadata.len()),
        })
    }
}
