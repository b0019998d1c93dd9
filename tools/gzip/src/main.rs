//! `gzip`: compresses and decompresses, with the flags and file names of GNU gzip.

mod args;
mod file;
mod list;
mod member;

use std::io::{self, BufReader};
use std::process::ExitCode;

use args::{Args, Work};
use cofferdam_command::{Complaints, Ending, Output, STDIN, Stop, run, words};

fn main() -> ExitCode {
    run("gzip", include_str!("../USAGE.md"), gzip)
}

fn gzip(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let mut listing = list::Listing::new(args.files.len());
    let mut ending = Ending::Success;
    for name in &args.files {
        let done = match (args.work, name.as_str()) {
            (Work::List, name) => listing.row(out, name),
            (Work::Compress, STDIN) => member::compress(
                &mut io::stdin().lock(),
                out,
                args.level,
                &member::Origin::default(),
            )
            .map_err(Stop::from),
            (_, STDIN) => standard_input(out, &args),
            (_, name) => file::file(out, name, &args),
        };
        if let Err(stop) = done {
            if !args.quiet {
                complaints.say(stop.sentence());
            }
            ending = Ending::Failure;
        }
    }
    listing.total(out)?;
    Ok(ending)
}

fn standard_input(out: &mut Output, args: &Args) -> Result<(), Stop> {
    let mut input = BufReader::new(io::stdin().lock());
    let done = match args.work {
        Work::Test => member::decompress(&mut input, &mut io::sink()),
        _ => member::decompress(&mut input, out),
    };
    let plain = done.map_err(|error| Stop::new(format!("stdin: {}", words(&error))))?;
    file::complain_of_garbage("stdin", &plain)
}
