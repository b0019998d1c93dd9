//! `rg`: ripgrep's searcher and walker, with ripgrep's flags and its output for no terminal.

mod args;
mod output;
mod walk;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::ExitCode;

use args::{Args, Mode};
use cofferdam_command::{Complaints, Ending, Output, STDIN, Stop, path_error, run};
use output::Printer;

fn main() -> ExitCode {
    run("rg", include_str!("../USAGE.md"), rg)
}

fn rg(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let mut args = Args::parse()?;
    if args.mode == Mode::Types {
        return walk::types(out);
    }
    // A tool always has a standard input; it counts when there is something in it.
    let mut stdin = BufReader::new(std::io::stdin().lock());
    let nothing_named = args.paths.is_empty();
    if nothing_named {
        let piped = args.mode != Mode::Files && !stdin.fill_buf()?.is_empty();
        args.paths.push(if piped { STDIN } else { "./" }.to_owned());
    }
    let matcher = if args.mode == Mode::Files {
        None
    } else {
        Some(args.matcher()?)
    };
    let names = args
        .names
        .unwrap_or(args.paths.len() > 1 || args.paths.iter().any(|path| Path::new(path).is_dir()));
    let mut printer = Printer::new(&args, names, out);
    let (mut searcher, mut failed, mut found) = (args.searcher(), false, false);
    let complain = |stop: &Stop| {
        if !args.no_messages {
            complaints.say(stop.sentence());
        }
    };
    for path in &args.paths {
        let mut visit = |file: &str| -> Result<bool, Stop> {
            let shown = if nothing_named {
                file.strip_prefix("./").unwrap_or(file)
            } else {
                file
            };
            let matched = match &matcher {
                None => printer.name(shown, args.null).map(|()| true)?,
                Some(matcher) => {
                    let input = std::fs::File::open(file)
                        .map_err(|error| Stop::new(path_error(shown, &error)))?;
                    printer.search(&mut searcher, matcher, shown, input)?
                }
            };
            found |= matched;
            Ok(!(matched && args.quiet))
        };
        if path == STDIN {
            if let Some(matcher) = &matcher {
                found |= printer.search(&mut searcher, matcher, "<stdin>", &mut stdin)?;
            }
            continue;
        }
        let mut told = |stop: &Stop| {
            complain(stop);
            failed = true;
        };
        if !walk::files(&args, path, &mut told, &mut visit)? {
            break;
        }
    }
    Ok((found && (args.quiet || !failed)).into())
}
