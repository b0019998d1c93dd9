//! Single keywords of a schema, as they are written.

use serde_json::{Map, Number, Value};

use super::meaning::{Range, Words};

/// The largest whole number that every JSON reader keeps exactly (2^53).
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// Values of an enumeration of numbers that are told in words.
const MAX_TOLD: usize = 32;

pub(super) fn list<'a>(map: &'a Map<String, Value>, keyword: &str) -> &'a [Value] {
    map.get(keyword)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

pub(super) fn entries<'a>(
    map: &'a Map<String, Value>,
    keyword: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    map.get(keyword)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// The only values there are, if the schema lists them.
pub(super) fn values(map: &Map<String, Value>) -> Option<Vec<&Value>> {
    let one = map.get("const").map(|value| vec![value]);
    let listed = map.get("enum").and_then(Value::as_array);
    one.or_else(|| listed.map(|values| values.iter().collect()))
}

pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if is_whole(number) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_whole(number: &Number) -> bool {
    number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// A count. One that is none, or larger than every reader takes, says nothing.
pub(super) fn count(map: &Map<String, Value>, keyword: &str) -> Option<u64> {
    map.get(keyword)?
        .as_u64()
        .filter(|count| u32::try_from(*count).is_ok())
}

/// The bounds of a number. Those that some readers round are left out, and those that belong to no
/// range are told.
pub(super) fn range(
    map: &Map<String, Value>,
    values: Option<&[&Value]>,
    words: &mut Words,
) -> Range {
    if let Some(values) = values {
        let shown: Vec<_> = values
            .iter()
            .take(MAX_TOLD)
            .map(ToString::to_string)
            .collect();
        let more = if values.len() > MAX_TOLD { ", …" } else { "" };
        words.note(format!("One of {}{more}.", shown.join(", ")));
        let by = |one: &&&Value, other: &&&Value| {
            let float = |value: &Value| value.as_f64().unwrap_or_default();
            float(one).total_cmp(&float(other))
        };
        let number = |value: Option<&&Value>| exact(value?.as_number()?);
        return Range {
            least: number(values.iter().min_by(by)),
            most: number(values.iter().max_by(by)),
        };
    }
    let bound = |keyword: &str| map.get(keyword).and_then(Value::as_number);
    if let Some(step) = bound("multipleOf") {
        words.note(format!("A multiple of {step}."));
    }
    if let Some(least) = bound("exclusiveMinimum") {
        words.note(format!("More than {least}."));
    }
    if let Some(most) = bound("exclusiveMaximum") {
        words.note(format!("Less than {most}."));
    }
    let pick = |inclusive: &str, exclusive: &str| {
        bound(inclusive)
            .or_else(|| bound(exclusive))
            .and_then(exact)
    };
    Range {
        least: pick("minimum", "exclusiveMinimum"),
        most: pick("maximum", "exclusiveMaximum"),
    }
}

fn exact(number: &Number) -> Option<Number> {
    number
        .as_f64()
        .is_some_and(|float| float.abs() <= EXACT)
        .then(|| number.clone())
}

/// Returns true if every engine of regular expressions reads a pattern the same way: plain
/// characters, classes and counts, without groups that are special.
pub(super) fn is_portable(pattern: &str) -> bool {
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        let portable = match c {
            '\\' => characters
                .next()
                .is_some_and(|escaped| r"dDwWsS^$\.*+?()[]{}|/".contains(escaped)),
            '(' if characters.peek() == Some(&'?') => {
                characters.next();
                characters.next() == Some(':')
            }
            // Inside a class these mean something else to some.
            '[' => !matches!(characters.peek(), Some('[' | ']')),
            '&' | '~' => false,
            c => c.is_ascii_graphic() || c == ' ',
        };
        if !portable {
            return false;
        }
    }
    true
}
