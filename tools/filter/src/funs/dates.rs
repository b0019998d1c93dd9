//! Times: seconds since 1970, and the array that jq has for C's `struct tm`. Own code, because jq
//! takes arrays that are no date (the 30th of February) and libraries refuse them. The sandbox's
//! time zone is UTC.

use jaq_core::native::{run, v};

use super::calendar::Parts;
use super::native::{Filter, nullary, one};
use super::strftime::strftime;
use super::strptime::strptime;
use crate::val::{Error, Val, error};

/// The times that have a year of at most six digits.
const MOST_SECONDS: f64 = 3e13;

pub(super) fn all() -> Vec<Filter> {
    vec![
        nullary!("gmtime", |value| gmtime(&value, "gmtime")),
        nullary!("localtime", |value| gmtime(&value, "localtime")),
        nullary!("mktime", |value| mktime(&value)),
        run(("strftime", v(1), |mut cv| {
            let format = cv.0.pop_var();
            one(formatted(&cv.1, &format, "strftime/1"))
        })),
        run(("strflocaltime", v(1), |mut cv| {
            let format = cv.0.pop_var();
            one(formatted(&cv.1, &format, "strflocaltime/1"))
        })),
        run(("strptime", v(1), |mut cv| {
            let format = cv.0.pop_var();
            one(parsed(&cv.1, &format))
        })),
    ]
}

fn seconds(value: &Val, filter: &str) -> Result<f64, Error> {
    match value {
        Val::Num(number, _) if number.abs() <= MOST_SECONDS => Ok(*number),
        Val::Num(..) => Err(error(
            "error converting number of seconds since epoch to datetime",
        )),
        _ => Err(error(format!("{filter}() requires numeric inputs"))),
    }
}

fn gmtime(value: &Val, filter: &str) -> Result<Val, Error> {
    Ok(Parts::from_seconds(seconds(value, filter)?).array())
}

fn mktime(value: &Val) -> Result<Val, Error> {
    if !matches!(value, Val::Arr(_)) {
        return Err(error("mktime requires array inputs"));
    }
    Ok(Val::from(Parts::from_array(value, "mktime")?.seconds()))
}

fn formatted(value: &Val, format: &Val, filter: &str) -> Result<Val, Error> {
    let parts = match value {
        Val::Num(..) => Parts::from_seconds(seconds(value, filter)?),
        other => Parts::from_array(other, filter)?,
    };
    match format {
        Val::Str(format) => Ok(Val::text(strftime(&parts, format))),
        _ => Err(error(format!("{filter} requires a string format"))),
    }
}

fn parsed(value: &Val, format: &Val) -> Result<Val, Error> {
    let (Val::Str(text), Val::Str(format)) = (value, format) else {
        return Err(error("strptime/1 requires string inputs and arguments"));
    };
    match strptime(text, format) {
        Some(parts) => Ok(parts.array()),
        None => Err(error(format!(
            "date \"{text}\" does not match format \"{format}\""
        ))),
    }
}
