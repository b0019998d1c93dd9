//! `gzip`: compresses and decompresses, with the flags and file names of GNU gzip.

mod args;
mod file;
mod list;
mod member;
mod tree;

use std::io::{self, BufReader};

use args::{Args, Work};
use cofferdam_command::{Complaints, Ending, Output, STDIN, Stop, run, words};

fn main() {
    run("gzip", include_str!("../USAGE.md"), gzip)
}

fn gzip(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let mut listing = list::Listing::new(args.files.len());
    let mut ending = Ending::Success;
    let mut complain = |stop: &Stop| {
        if !args.quiet {
            complaints.say(stop.sentence());
        }
        // A warning changes no failure.
        if ending == Ending::Success || stop.code() == Ending::Failure.code() {
            ending = Ending::Code(stop.code());
        }
    };
    for name in &args.files {
        let names = match args.recursive {
            true => tree::files(name, &mut complain),
            false => vec![name.clone()],
        };
        for name in names {
            let done = match (args.work, name.as_str()) {
                (Work::List, name) => listing.row(out, name),
                (_, STDIN) => standard_input(out, &args),
                (_, name) => file::file(out, name, &args, &remark),
            };
            if let Err(stop) = done {
                complain(&stop);
            }
        }
    }
    listing.total(out)?;
    Ok(ending)
}

/// Tells what was done, on standard error.
#[allow(clippy::print_stderr, reason = "this is what -v is for")]
fn remark(sentence: String) {
    eprintln!("{sentence}");
}

fn standard_input(out: &mut Output, args: &Args) -> Result<(), Stop> {
    let mut input = BufReader::new(io::stdin().lock());
    let done = match args.work {
        Work::Compress => member::compress(&mut input, out, args.level, &member::Origin::default()),
        Work::Test => member::decompress(&mut input, &mut io::sink(), file::foreign(args)),
        // From standard input it goes to standard output, which `-c` says.
        _ if args.force => member::decompress(&mut input, out, member::Foreign::Copied),
        _ => member::decompress(&mut input, out, member::Foreign::Refused),
    };
    let sizes = done.map_err(|error| Stop::new(format!("stdin: {}", words(&error))))?;
    file::remark_ratio(args, "stdin", &sizes, "replaced with stdout", &remark);
    file::complain_of_garbage("stdin", &sizes)
}
