//! Errors of a script in words, with the places in the script.

use std::fmt::Write;

use boa_engine::builtins::error::Error;
use boa_engine::error::EngineError;
use boa_engine::{Context, JsError};

use crate::inspect::{Options, inspect};
use crate::program::{Insertion, Place, Unparsed};

/// Lines that are shown of a stack.
const MOST_PLACES: usize = 10;

/// Characters that are shown of a line of code.
const MOST_CHARACTERS: usize = 160;

/// The code that a place is looked up in.
pub(crate) struct Code<'a> {
    /// The name that places have.
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) insertions: &'a [Insertion],
}

/// An uncaught error: what was thrown, and where.
pub(crate) fn uncaught(error: JsError, code: &Code<'_>, context: &mut Context) -> String {
    let places = places(&error.to_string(), code);
    let words = match error.as_engine() {
        Some(EngineError::RuntimeLimit(_)) => {
            "RangeError: Maximum call stack size exceeded".to_owned()
        }
        Some(_) => error.to_string(),
        None => thrown(error, context),
    };
    let mut told = format!("uncaught {words}");
    // The words of an error end in its stack, and behind that in its other properties.
    let at = told.find("\n    at ");
    let rest = at.map(|at| told.split_off(at)).unwrap_or_default();
    let places = if places.is_empty() {
        self::places(&rest, code)
    } else {
        places
    };
    for place in places.iter().take(MOST_PLACES) {
        let _ = write!(told, "\n    at {place}");
    }
    let is_place = |line: &str| line.is_empty() || line.starts_with("    at ");
    if rest
        .lines()
        .any(|line| is_place(line) && line.ends_with(" {"))
    {
        told.push_str(" {");
    }
    for line in rest.lines().skip_while(|line| is_place(line)) {
        let _ = write!(told, "\n{line}");
    }
    told
}

/// A thrown value in words.
fn thrown(error: JsError, context: &mut Context) -> String {
    let fallback = error.to_string();
    let Ok(value) = error.into_opaque(context) else {
        return fallback;
    };
    let shown = inspect(&value, &Options::default(), context).unwrap_or(fallback);
    // An error without a stack stands in brackets, which are for those inside of others.
    let is_error = value.as_object().is_some_and(|object| object.is::<Error>());
    let bare = shown
        .strip_prefix('[')
        .and_then(|shown| shown.strip_suffix(']'));
    bare.filter(|_| is_error)
        .map_or(shown.clone(), str::to_owned)
}

/// The places of a stack, as the author knows them. Functions of the engine are left out.
fn places(stack: &str, code: &Code<'_>) -> Vec<String> {
    let lines = stack
        .lines()
        .filter_map(|line| line.strip_prefix("    at "));
    let own = lines.filter(|line| !line.contains("(native") && !line.contains("(node:"));
    own.map(|line| place(line.trim_end_matches(" {"), code))
        .collect()
}

fn place(line: &str, code: &Code<'_>) -> String {
    let moved = || {
        let (before, place) = line.rsplit_once('(')?;
        let place = place.strip_suffix(')')?;
        let (rest, column) = place.rsplit_once(':')?;
        let (file, row) = rest.rsplit_once(':')?;
        if file != code.name {
            return None;
        }
        let mut place = Place {
            line: row.parse().ok()?,
            column: column.parse().ok()?,
        };
        for insertion in code.insertions {
            place = insertion.author(place);
        }
        Some(format!("{before}({file}:{}:{})", place.line, place.column))
    };
    // The engine does not know every place.
    moved().unwrap_or_else(|| line.replace(":?:?)", ")"))
}

/// Code that does not parse: the reason, the place, and the line with a mark below it.
pub(crate) fn unparsed(unparsed: &Unparsed, code: &Code<'_>) -> String {
    let mut told = format!("SyntaxError: {}", unparsed.sentence);
    let Some(Place { line, column }) = unparsed.place else {
        return told;
    };
    let _ = write!(told, "\n    at {}:{line}:{column}", code.name);
    let line = usize::try_from(line)
        .ok()
        .and_then(|line| line.checked_sub(1));
    let line = line.and_then(|line| code.text.lines().nth(line));
    let column = usize::try_from(column).unwrap_or(usize::MAX);
    if let Some(line) = line.filter(|line| line.chars().count() <= MOST_CHARACTERS) {
        let blanks = " ".repeat(column.saturating_sub(1).min(MOST_CHARACTERS));
        let _ = write!(told, "\n{line}\n{blanks}^");
    }
    told
}
