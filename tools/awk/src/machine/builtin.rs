//! Built-in functions.

use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use cofferdam_command::{Stop, lower, upper};

use super::{Machine, time};
use crate::number::any_radix;
use crate::op::Builtin;
use crate::text;
use crate::value::Value;

/// Integers up to here are exact, and what bits are counted in.
const MAX_BITS: f64 = 9_007_199_254_740_992.0;

impl Machine<'_, '_> {
    pub(super) fn builtin(&mut self, builtin: Builtin, values: &[Value]) -> Result<Value, Stop> {
        let first = values.first().unwrap_or(&Value::Unset);
        let second = values.get(1).unwrap_or(&Value::Unset);
        let number = first.to_number();
        Ok(match builtin {
            Builtin::And => bits(values, "and", |one, two| one & two)?,
            Builtin::Or => bits(values, "or", |one, two| one | two)?,
            Builtin::Xor => bits(values, "xor", |one, two| one ^ two)?,
            Builtin::Compl => whole((1 << 53) - 1 - bit_pattern(first, "compl")?),
            Builtin::Lshift => shift(first, second, "lshift", u64::checked_shl)?,
            Builtin::Rshift => shift(first, second, "rshift", u64::checked_shr)?,
            Builtin::Asort => self.asort(values, false)?,
            Builtin::Asorti => self.asort(values, true)?,
            Builtin::Atan2 => Value::Number(number.atan2(second.to_number())),
            Builtin::Cos => Value::Number(number.cos()),
            Builtin::Sin => Value::Number(number.sin()),
            Builtin::Exp => Value::Number(number.exp()),
            Builtin::Log => Value::Number(number.ln()),
            Builtin::Sqrt => Value::Number(number.sqrt()),
            Builtin::Int => Value::Number(number.trunc()),
            Builtin::Rand => Value::Number(self.random.next()),
            Builtin::Srand => {
                let before = self.random.seed;
                let seed = match values.first() {
                    Some(seed) => seed.to_number().trunc(),
                    None => now(),
                };
                self.random.set(seed);
                Value::Number(before)
            }
            Builtin::Close => {
                let closed = self.files.close(&self.text(first))?;
                Value::Number(if closed { 0.0 } else { -1.0 })
            }
            Builtin::Fflush => {
                self.files.flush()?;
                Value::Number(0.0)
            }
            Builtin::Isarray => Value::truth(matches!(first, Value::Array(_))),
            Builtin::Typeof => Value::text(type_of(first).as_bytes()),
            Builtin::Length => match first {
                Value::Array(array) => Value::count(array.borrow().len()),
                _ if values.is_empty() => Value::count(text::length(&self.record_text())),
                other => Value::count(text::length(&self.text(other))),
            },
            Builtin::Index => {
                let hay = self.text(first);
                let needle = self.text(second);
                let found = if needle.is_empty() {
                    // An empty text is everywhere, and first at the beginning.
                    Some(0)
                } else {
                    hay.windows(needle.len())
                        .position(|window| *window == *needle)
                };
                match found {
                    Some(at) => Value::count(text::chars_before(&hay, at) + 1),
                    None => Value::Number(0.0),
                }
            }
            Builtin::Substr => {
                let text = self.text(first);
                let length = values.get(2).map(Value::to_number);
                Value::text(substr(&text, second.to_number(), length))
            }
            Builtin::Tolower => Value::Text(cased(&self.text(first), lower)),
            Builtin::Toupper => Value::Text(cased(&self.text(first), upper)),
            Builtin::Sprintf => Value::text(self.formatted(values)?),
            Builtin::Split => self.split(values)?,
            Builtin::Patsplit => self.patsplit(values)?,
            Builtin::Match => self.match_text(values)?,
            Builtin::Gensub => self.gensub(values)?,
            Builtin::Strtonum => match first {
                Value::Number(number) => Value::Number(*number),
                other => Value::Number(any_radix(&self.text(other))),
            },
            Builtin::Systime => Value::Number(now()),
            Builtin::Mktime => Value::Number(time::mktime(&self.text(first))),
            Builtin::Strftime => {
                let format = match values.first() {
                    Some(format) => self.text(format),
                    None => Rc::from(time::DEFAULT_FORMAT.as_bytes()),
                };
                let seconds = values.get(1).map_or_else(now, Value::to_number);
                Value::text(time::strftime(&format, seconds)?.into_bytes())
            }
        })
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64().trunc())
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Unset => "untyped",
        Value::Number(_) => "number",
        Value::Text(_) => "string",
        Value::Input(_) if value.is_numeric() => "strnum",
        Value::Input(_) => "string",
        Value::Array(_) => "array",
        Value::Regex(_) => "regexp",
    }
}

/// The characters from a place on. A place before the text is its beginning.
fn substr(text: &[u8], start: f64, length: Option<f64>) -> &[u8] {
    // Beyond every text, and still a whole number.
    const FAR: f64 = 1e15;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to FAR"
    )]
    let count = |number: f64| number.trunc().clamp(0.0, FAR) as usize;
    let begin = text::offset(text, count(start.trunc() - 1.0));
    let rest = text.get(begin..).unwrap_or_default();
    match length {
        Some(length) => text::take(rest, count(length)),
        None => rest,
    }
}

fn cased(text: &[u8], change: impl Fn(char) -> char) -> Rc<[u8]> {
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        let changed: String = chunk.valid().chars().map(&change).collect();
        out.extend_from_slice(changed.as_bytes());
        out.extend_from_slice(chunk.invalid());
    }
    out.into()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked before"
)]
fn bit_pattern(value: &Value, name: &str) -> Result<u64, Stop> {
    let number = value.to_number();
    if !(0.0..=MAX_BITS).contains(&number) {
        return Err(Stop::new(format!(
            "{name}: {number} is not a number from 0 to 2^53"
        )));
    }
    Ok(number as u64)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "what has more than 53 bits is not exact in awk"
)]
fn whole(bits: u64) -> Value {
    Value::Number(bits as f64)
}

fn bits(values: &[Value], name: &str, join: impl Fn(u64, u64) -> u64) -> Result<Value, Stop> {
    let patterns = values.iter().map(|value| bit_pattern(value, name));
    let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
    Ok(whole(patterns.into_iter().reduce(join).unwrap_or(0)))
}

fn shift(
    value: &Value,
    by: &Value,
    name: &str,
    shift: impl Fn(u64, u32) -> Option<u64>,
) -> Result<Value, Stop> {
    let by = u32::try_from(bit_pattern(by, name)?).unwrap_or(u32::MAX);
    Ok(whole(shift(bit_pattern(value, name)?, by).unwrap_or(0)))
}
