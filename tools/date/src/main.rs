//! `date` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use std::ffi::OsString;

use cofferdam_command::{STDIN, date_text, read, replace_value};

/// The last second that the library for times knows.
const LAST: i64 = 253_402_207_200;

/// The resolution of the clock: WASI counts nanoseconds.
const RESOLUTION: &str = "--date=@0.000000001";

/// The format in which GNU's program prints a resolution.
const RESOLUTION_FORMAT: &str = "+%s.%N";

/// Bytes of the longest number that is a time of day: `1030`.
const LONGEST_TIME: usize = 4;

/// Conversions of the library for times that are none of GNU's.
const FOREIGN: [char; 2] = ['Q', 'f'];

/// Conversions that may have the modifier `E`.
const WITH_E: [char; 6] = ['c', 'C', 'x', 'X', 'y', 'Y'];

mod program {
    /// The program, without what no tool may do.
    mod uu_date {
        pub(super) fn uumain(args: impl uucore::Args) -> i32 {
            super::super::date(args.collect())
        }
    }

    uucore::bin!(uu_date);
}

fn date(mut args: Vec<OsString>) -> i32 {
    // What it does not understand the program refuses itself.
    let Ok(matches) = uu_date::uu_app().try_get_matches_from(&args) else {
        return uu_date::uumain(args.into_iter());
    };
    if matches.contains_id("set") {
        return refuse("a tool cannot set the clock; without -s the time is printed");
    }
    if let Some(text) = matches
        .get_one::<OsString>("date")
        .and_then(|text| text.to_str())
    {
        if is_beyond(text) {
            return refuse(&format!(
                "{text}: times are known here until 9999-12-30 22:00:00 UTC"
            ));
        }
        replace_value(&mut args, text, &date_text(text));
    }
    for arg in &mut args {
        if let Some(format) = arg.to_str().filter(|arg| arg.starts_with('+')) {
            *arg = gnu_format(format).into();
        }
    }
    // Options that say how a date is printed.
    let mut shown: Vec<OsString> = vec!["date".into()];
    shown.extend(matches.get_flag("rfc-email").then(|| "-R".into()));
    for name in ["iso-8601", "rfc-3339"] {
        let value = matches.get_one::<String>(name);
        shown.extend(value.map(|value| format!("--{name}={value}").into()));
    }
    let formats = matches.get_many::<String>("format").into_iter().flatten();
    shown.extend(formats.map(OsString::from));
    let has_format = shown.len() > 1;
    shown.extend(matches.get_flag("universal").then(|| "-u".into()));
    if matches.get_flag("resolution") {
        shown.push(RESOLUTION.into());
        shown.extend((!has_format).then(|| RESOLUTION_FORMAT.into()));
        return date(shown);
    }
    match matches.get_one::<String>("file") {
        Some(file) => dates(file, args, &shown),
        None => uu_date::uumain(args.into_iter()),
    }
}

/// Prints the date on each line of a file, as `-d` does: a line may be blank or a number. The
/// program, which needs much less fuel for a line, does it where it understands all of them.
fn dates(file: &str, args: Vec<OsString>, shown: &[OsString]) -> i32 {
    let bytes = match read(file) {
        Ok(bytes) => bytes,
        Err(stop) => return refuse(stop.sentence()),
    };
    let text = String::from_utf8_lossy(&bytes);
    if file != STDIN && text.lines().all(is_plain) {
        return uu_date::uumain(args.into_iter());
    }
    let mut code = 0;
    for line in text.lines() {
        let mut args = shown.to_owned();
        args.push(format!("--date={line}").into());
        code = code.max(date(args));
    }
    code
}

/// Returns true for a line of a file that the program understands: with a whole date, and without
/// a comment.
fn is_plain(line: &str) -> bool {
    line.len() > LONGEST_TIME && !line.contains('(') && !is_beyond(line) && date_text(line) == line
}

/// Returns true for a time beyond what can be told, which GNU's program knows.
fn is_beyond(text: &str) -> bool {
    let year = text.split(['-', ' ']).next().unwrap_or_default();
    let is_far_year = year.len() >= 4
        && year.bytes().all(|byte| byte.is_ascii_digit())
        && text
            .get(year.len()..)
            .is_some_and(|rest| rest.starts_with('-'))
        && (year.len() > 4 || text.starts_with("9999-12-31"));
    let seconds = text.strip_prefix('@').and_then(|text| text.parse().ok());
    is_far_year || seconds.is_some_and(|seconds: i64| seconds > LAST)
}

/// A format in which conversions that GNU's program does not have stand for themselves, and without
/// the modifier `E`, which changes nothing in the language `C`.
fn gnu_format(format: &str) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(char) = chars.next() {
        out.push(char);
        if char != '%' {
            continue;
        }
        let mut next = chars.next();
        if next == Some('E') && chars.peek().is_some_and(|next| WITH_E.contains(next)) {
            next = chars.next();
        }
        match next {
            Some(next) if FOREIGN.contains(&next) => {
                out.push('%');
                out.push(next);
            }
            Some(next) => out.push(next),
            None => {}
        }
    }
    out
}

#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
fn refuse(why: &str) -> i32 {
    eprintln!("date: {why}");
    1
}

fn main() {
    program::main();
}
