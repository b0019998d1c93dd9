//! `date` of uutils, with its messages set up.

#![allow(missing_docs, reason = "the `main` that the macro writes is public")]

use std::ffi::OsString;

use cofferdam_command::{date_text, replace_value};

/// The last second that the library for times knows.
const LAST: i64 = 253_402_207_200;

/// Conversions of the library for times that are none of GNU's.
const FOREIGN: [char; 2] = ['Q', 'f'];

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
            *arg = without_foreign(format).into();
        }
    }
    uu_date::uumain(args.into_iter())
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

/// A format in which conversions that GNU's program does not have stand for themselves.
fn without_foreign(format: &str) -> String {
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(char) = chars.next() {
        out.push(char);
        if char != '%' {
            continue;
        }
        match chars.next() {
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
