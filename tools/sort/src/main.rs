//! `sort`: GNU sort's options and orders. Everything is held in memory, and nothing is written but
//! standard output.
//!
//! Not that of uutils: it takes a carriage return for a blank, joins the last line of a file that
//! has no line break with the next file, and needs threads to check and to merge.

mod args;
mod compare;
mod field;
mod key;
mod merge;
mod number;

use std::cmp::Ordering;
use std::io::Write;

use args::{Args, Work};
use cofferdam_command::{Complaints, Ending, Output, STDIN, Stop, read, run};
use compare::{Comparison, Line};

/// Exit code for trouble; 1 means that the input of `-c` is not sorted.
const TROUBLE: u8 = 2;

fn main() {
    run("sort", include_str!("../USAGE.md"), |out, complaints| {
        sort(out, complaints).map_err(|stop| stop.with_code(TROUBLE))
    })
}

fn sort(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let comparison = Comparison::new(&args)?;
    let inputs = args
        .files
        .iter()
        .map(|file| read(file))
        .collect::<Result<Vec<_>, _>>()?;
    let mut files = inputs
        .iter()
        .map(|input| lines(input, args.line_end, &comparison));
    let sorted = match args.work {
        Work::Check { quiet } => {
            let lines = files.next().unwrap_or_default();
            let Some(number) = disorder(&lines, &comparison, args.unique) else {
                return Ok(Ending::Success);
            };
            if let Some(line) = lines.get(number).filter(|_| !quiet) {
                let file = args.files.first().map_or(STDIN, String::as_str);
                let text = String::from_utf8_lossy(line.text);
                complaints.say(format!("{file}:{}: disorder: {text}", number + 1));
            }
            return Ok(Ending::Failure);
        }
        Work::Merge => merge::merge(files.collect(), &comparison),
        Work::Sort => {
            let mut lines: Vec<_> = files.flatten().collect();
            comparison.sort(&mut lines);
            lines
        }
    };
    let mut last: Option<&Line<'_>> = None;
    for line in &sorted {
        let is_repeated = args.unique
            && last.is_some_and(|last| comparison.compare(last, line) == Ordering::Equal);
        if !is_repeated {
            out.write_all(line.text)?;
            out.write_all(&[args.line_end])?;
            last = Some(line);
        }
    }
    Ok(Ending::Success)
}

/// The lines of an input; the last one may be without its end.
fn lines<'a>(input: &'a [u8], end: u8, comparison: &Comparison) -> Vec<Line<'a>> {
    let whole = input.strip_suffix(&[end]).unwrap_or(input);
    if input.is_empty() {
        return Vec::new();
    }
    whole
        .split(|byte| *byte == end)
        .map(|text| comparison.line(text))
        .collect()
}

/// The first line that is out of order, counted from 0.
fn disorder(lines: &[Line<'_>], comparison: &Comparison, unique: bool) -> Option<usize> {
    let is_wrong = |pair: &[Line<'_>]| match pair {
        [first, second] => match comparison.compare(first, second) {
            Ordering::Greater => true,
            Ordering::Equal => unique,
            Ordering::Less => false,
        },
        _ => false,
    };
    lines.windows(2).position(is_wrong).map(|before| before + 1)
}
