//! `rg`: ripgrep's searcher and walker, with ripgrep's flags and its output for no terminal.

mod args;
mod filter;
mod output;
mod refused;
mod search;
mod show;
mod walk;

use std::io::{BufRead, BufReader};
use std::path::Path;

use args::Args;
use cofferdam_command::{Complaints, Ending, Output, STDIN, Stop, path_error, run};
use output::Printer;
use show::Mode;

/// Exit code for trouble; 1 means that nothing was found.
const TROUBLE: u8 = 2;

fn main() {
    run("rg", include_str!("../USAGE.md"), |out, complaints| {
        rg(out, complaints).map_err(|stop| stop.with_code(TROUBLE))
    })
}

fn rg(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let mut args = Args::parse()?;
    if args.show.mode == Mode::Types {
        return walk::types(&args, out);
    }
    // A tool always has a standard input; it counts when there is something in it.
    let mut stdin = BufReader::new(std::io::stdin().lock());
    let nothing_named = args.paths.is_empty();
    if nothing_named {
        let piped = args.show.mode != Mode::Files && !stdin.fill_buf()?.is_empty();
        args.paths.push(if piped { STDIN } else { "./" }.to_owned());
    }
    let engine = match args.show.mode {
        Mode::Files => None,
        _ => Some(args.search.engine()?),
    };
    let names = args.show.names.unwrap_or(
        args.show.vimgrep
            || args.paths.len() > 1
            || args.paths.iter().any(|path| Path::new(path).is_dir()),
    );
    let mut printer = Printer::new(&args, names, out);
    let [before, after] = args.show.context();
    let mut searcher = args
        .search
        .searcher()
        .line_number(args.show.line_number())
        .before_context(before)
        .after_context(after)
        .passthru(args.show.passthru)
        .build();
    // A match suffices where nothing else is asked.
    let first_is_enough = args.show.quiet && !args.show.stats;
    let (mut failed, mut found) = (false, false);
    for path in &args.paths {
        let mut visit = |file: &str, named: bool| -> Result<bool, Stop> {
            let shown = if nothing_named {
                file.strip_prefix("./").unwrap_or(file)
            } else {
                file
            };
            let matched = match &engine {
                None => printer.name(shown, args.show.null).map(|()| true)?,
                Some(engine) => {
                    let input = std::fs::File::open(file)
                        .map_err(|error| Stop::new(path_error(shown, &error)))?;
                    searcher.set_binary_detection(args.search.binary(named));
                    printer.search(&mut searcher, engine, shown, input)?
                }
            };
            found |= matched;
            Ok(!(matched && first_is_enough))
        };
        if path == STDIN {
            if let Some(engine) = &engine {
                searcher.set_binary_detection(args.search.binary(true));
                found |= printer.search(&mut searcher, engine, "<stdin>", &mut stdin)?;
            }
            continue;
        }
        let mut told = |stop: &Stop| {
            if !args.show.no_messages {
                complaints.say(stop.sentence());
            }
            failed = true;
        };
        if !walk::files(&args, path, &mut told, &mut visit)? {
            break;
        }
    }
    printer.finish()?;
    Ok(match found {
        true if args.show.quiet || !failed => Ending::Success,
        _ if failed => Ending::Code(TROUBLE),
        _ => Ending::Failure,
    })
}
