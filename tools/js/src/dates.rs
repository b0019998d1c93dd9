//! `Date` for texts that are no ISO dates: `Jan 5, 2024`, `1/15/2024 10:00 PM`, `2024-1-5 10:00`.
//! The engine reads the formats of the standard alone.

use boa_engine::object::{FunctionObjectBuilder, JsObject};
use boa_engine::property::PropertyDescriptor;
use boa_engine::{Context, JsArgs, JsResult, JsString, JsValue, NativeFunction, js_string};

use crate::builtins::hide;
use crate::inspect::text;

/// Names of months, by their first three letters.
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Words without a meaning for the time.
const SILENT: [&str; 9] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "at", "t"];

/// Zones by their names, with the minutes by which they are ahead.
const ZONES: [(&str, i64); 11] = [
    ("z", 0),
    ("utc", 0),
    ("gmt", 0),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
];

/// Stands behind times in the words of `toString`, as Node has it in UTC.
const ZONE: &str = " (Coordinated Universal Time)";

/// The year of dates that have none.
const NO_YEAR: i64 = 2001;

/// Puts a constructor in the place of the engine's that reads more texts.
pub(crate) fn define(context: &mut Context) -> JsResult<()> {
    let engine = context.intrinsics().constructors().date();
    let original = engine.constructor();
    let prototype = engine.prototype();
    let make = NativeFunction::from_copy_closure_with_captures(construct, original.clone());
    let date = FunctionObjectBuilder::new(context.realm(), make)
        .name(js_string!("Date"))
        .length(7)
        .constructor(true)
        .build();
    let fixed = PropertyDescriptor::builder()
        .value(prototype.clone())
        .writable(false)
        .enumerable(false)
        .configurable(false);
    date.define_property_or_throw(js_string!("prototype"), fixed, context)?;
    for name in ["now", "UTC"] {
        let function = original.get(JsString::from(name), context)?;
        hide(&date, name, function, context)?;
    }
    let parse = NativeFunction::from_copy_closure_with_captures(
        |_, arguments, original, context| {
            let text = text(&arguments.get_or_undefined(0).to_string(context)?);
            Ok(time(&text, original, context)?.into())
        },
        original,
    );
    let parse = FunctionObjectBuilder::new(context.realm(), parse)
        .name(js_string!("parse"))
        .length(1)
        .build();
    hide(&date, "parse", parse, context)?;
    hide(&prototype, "constructor", date.clone(), context)?;
    for name in ["toString", "toTimeString"] {
        zoned(&prototype, name, context)?;
    }
    let global = context.global_object();
    hide(&global, "Date", date, context)
}

/// Makes a method tell the zone.
fn zoned(prototype: &JsObject, name: &str, context: &mut Context) -> JsResult<()> {
    let Some(original) = prototype.get(JsString::from(name), context)?.as_object() else {
        return Ok(());
    };
    let zoned = NativeFunction::from_copy_closure_with_captures(
        |this, arguments, original: &JsObject, context| {
            let words = original
                .call(this, arguments, context)?
                .to_string(context)?;
            let words = text(&words);
            let zone = if words.ends_with("+0000") { ZONE } else { "" };
            Ok(JsString::from(words + zone).into())
        },
        original,
    );
    let zoned = FunctionObjectBuilder::new(context.realm(), zoned)
        .name(JsString::from(name))
        .build();
    hide(prototype, name, zoned, context)
}

/// `Date(…)` and `new Date(…)`.
fn construct(
    target: &JsValue,
    arguments: &[JsValue],
    original: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let Some(target) = target.as_constructor() else {
        let now = original.construct(&[], None, context)?;
        return Ok(JsValue::from(now).to_string(context)?.into());
    };
    let made = match arguments {
        [value] if value.is_string() => {
            let text = text(&value.to_string(context)?);
            let time = time(&text, original, context)?;
            original.construct(&[time.into()], Some(&target), context)?
        }
        _ => original.construct(arguments, Some(&target), context)?,
    };
    Ok(made.into())
}

/// Milliseconds since 1970 of a text; not a number where it says no time.
fn time(text: &str, original: &JsObject, context: &mut Context) -> JsResult<f64> {
    let parse = original
        .get(js_string!("parse"), context)?
        .to_object(context)?;
    let parsed = parse.call(
        &JsValue::undefined(),
        &[JsString::from(text).into()],
        context,
    )?;
    let parsed = parsed.to_number(context)?;
    if !parsed.is_nan() {
        return Ok(parsed);
    }
    let time = informal(text);
    Ok(time.map_or(f64::NAN, |time| time as f64))
}

/// A number with what stands around it.
#[derive(Clone, Copy)]
struct Number {
    value: i64,
    digits: usize,
}

impl Number {
    /// Returns true if it can only be a year.
    fn is_year(self) -> bool {
        self.digits > 2 || self.value > 31
    }

    fn year(self) -> i64 {
        match self.value {
            0..=49 if self.digits < 3 => self.value + 2_000,
            50..=99 if self.digits < 3 => self.value + 1_900,
            year => year,
        }
    }
}

/// Reads dates as people write them.
fn informal(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut month = None;
    let mut zone = 0;
    let mut clock: Option<Clock> = None;
    let mut dates = Vec::new();
    while let Some(first) = rest.chars().next() {
        if first == '(' {
            rest = rest.split_once(')')?.1;
        } else if first.is_ascii_digit() {
            if clock.is_none()
                && rest
                    .trim_start_matches(|c: char| c.is_ascii_digit())
                    .starts_with(':')
            {
                let (read, after) = Clock::read(rest)?;
                clock = Some(read);
                rest = after;
            } else {
                dates.push(number(&mut rest)?);
            }
        } else if first.is_ascii_alphabetic() {
            let end = rest
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            let word = word.to_ascii_lowercase();
            let start = word.get(..3).unwrap_or(&word);
            let known = |names: &[&str]| names.iter().position(|name| *name == start);
            if let Some(named) = known(&MONTHS) {
                month = Some(i64::try_from(named).ok()? + 1);
            } else if let Some((_, ahead)) = ZONES.iter().find(|(name, _)| *name == word) {
                zone = *ahead;
            } else if let ("am" | "pm", Some(clock)) = (word.as_str(), &mut clock) {
                clock.set_half(word == "pm")?;
            } else {
                known(&SILENT).filter(|_| word != "st")?;
            }
        } else if let ('+' | '-', Some(_)) = (first, &clock) {
            let sign = if first == '-' { -1 } else { 1 };
            rest = rest.get(1..)?;
            let hours = number(&mut rest)?;
            let minutes = match rest.strip_prefix(':') {
                Some(after) => {
                    rest = after;
                    number(&mut rest)?.value
                }
                None => 0,
            };
            let ahead = match hours.digits {
                1 | 2 => hours.value * 60 + minutes,
                _ => hours.value / 100 * 60 + hours.value % 100,
            };
            zone += sign * ahead;
        } else {
            rest = rest.get(first.len_utf8()..)?;
        }
    }
    let (year, month, day) = match (month, dates.as_slice()) {
        (Some(month), [day]) if !day.is_year() => (NO_YEAR, month, day.value),
        (Some(month), [year]) => (year.year(), month, 1),
        (Some(month), [year, day]) if year.is_year() => (year.year(), month, day.value),
        (Some(month), [day, year]) => (year.year(), month, day.value),
        (None, [year, month, day]) if year.is_year() => (year.year(), month.value, day.value),
        (None, [month, day, year]) => (year.year(), month.value, day.value),
        (None, [month, day]) => (NO_YEAR, month.value, day.value),
        _ => return None,
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year > 275_760 {
        return None;
    }
    let clock = clock.map_or(0, |clock| clock.milliseconds());
    Some(days(year, month, day) * 86_400_000 + clock - zone * 60_000)
}

/// A time of a day.
struct Clock {
    hours: i64,
    minutes: i64,
    seconds: i64,
    milliseconds: i64,
}

impl Clock {
    fn read(text: &str) -> Option<(Self, &str)> {
        let mut rest = text;
        let hours = number(&mut rest)?.value;
        rest = rest.strip_prefix(':')?;
        let minutes = number(&mut rest)?.value;
        let mut clock = Self {
            hours,
            minutes,
            seconds: 0,
            milliseconds: 0,
        };
        if let Some(after) = rest.strip_prefix(':') {
            rest = after;
            clock.seconds = number(&mut rest)?.value;
            if let Some(after) = rest.strip_prefix('.') {
                let end = after
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(after.len());
                let (digits, after) = after.split_at(end);
                let padded: String = digits.chars().chain("000".chars()).take(3).collect();
                clock.milliseconds = padded.parse().ok()?;
                rest = after;
            }
        }
        let valid = clock.hours < 25 && clock.minutes < 60 && clock.seconds < 60;
        valid.then_some((clock, rest))
    }

    /// Takes the hours as those of the morning or the afternoon.
    fn set_half(&mut self, afternoon: bool) -> Option<()> {
        if !(1..=12).contains(&self.hours) {
            return None;
        }
        self.hours = self.hours % 12 + if afternoon { 12 } else { 0 };
        Some(())
    }

    fn milliseconds(&self) -> i64 {
        ((self.hours * 60 + self.minutes) * 60 + self.seconds) * 1_000 + self.milliseconds
    }
}

/// Takes a number of at most six digits from the beginning of a text.
fn number(rest: &mut &str) -> Option<Number> {
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    let value = digits.parse().ok().filter(|_| digits.len() <= 6)?;
    Some(Number {
        value,
        digits: digits.len(),
    })
}

/// Days since 1970, in the calendar of Gregory.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that a leap day is the last one.
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let era = year.div_euclid(400);
    let in_era = year.rem_euclid(400);
    let in_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468
}
