//! `strftime` and `mktime`, in UTC, which is where the sandbox is.

use cofferdam_command::Stop;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use crate::files::readable;

/// The conversions that C's `strftime` and the library share.
const CONVERSIONS: &str = "aAbBCdDeFgGhHIjklmMnpPRsStTuUVwWyY";

/// The format without one: that of `date`.
pub(super) const DEFAULT_FORMAT: &str = "%a %b %e %H:%M:%S UTC %Y";

/// The time as a format says.
#[allow(
    clippy::cast_possible_truncation,
    reason = "saturates, and is then out of range"
)]
pub(super) fn strftime(format: &[u8], seconds: f64) -> Result<String, Stop> {
    let format = translated(&readable(format));
    let timestamp = Timestamp::from_second(seconds.floor() as i64)
        .map_err(|_| Stop::new(format!("strftime: {seconds} is beyond the calendar")))?;
    let zoned = timestamp.to_zoned(TimeZone::UTC);
    let text = BrokenDownTime::from(&zoned).to_string(&format);
    text.map_err(|error| Stop::new(format!("strftime: {format:?}: {error}")))
}

/// A format of C's `strftime` as one of the library: with the conversions that depend on a locale
/// spelt out as in the locale `C`, and with text of those that neither has.
fn translated(format: &str) -> String {
    let mut out = String::with_capacity(format.len());
    let mut rest = format;
    while let Some((before, behind)) = rest.split_once('%') {
        out.push_str(before);
        let conversion = behind
            .trim_start_matches(['_', '-', '^', '#'])
            .trim_start_matches(|c: char| c.is_ascii_digit());
        let flags = behind
            .get(..behind.len() - conversion.len())
            .unwrap_or_default();
        let plain = conversion.trim_start_matches(['E', 'O']);
        let letter = plain.chars().next();
        match letter {
            Some('%') => out.push_str("%%"),
            Some('c') => out.push_str("%a %b %e %H:%M:%S %Y"),
            Some('x') => out.push_str("%m/%d/%y"),
            Some('X') => out.push_str("%H:%M:%S"),
            Some('r') => out.push_str("%I:%M:%S %p"),
            Some('Z') => out.push_str("UTC"),
            Some('z') => out.push_str("+0000"),
            Some(letter) if CONVERSIONS.contains(letter) => {
                out.extend(["%", flags]);
                out.push(letter);
            }
            _ => {
                out.extend(["%%", flags]);
                rest = conversion;
                continue;
            }
        }
        rest = plain.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The seconds of `YYYY MM DD HH MM SS`, or -1. Parts may be out of range: month 13 is January.
#[allow(clippy::cast_precision_loss, reason = "years end before 2^53 seconds")]
pub(super) fn mktime(text: &[u8]) -> f64 {
    let text = readable(text);
    let parts = text.split_whitespace().map(str::parse::<i64>);
    let Ok(parts) = parts.collect::<Result<Vec<_>, _>>() else {
        return -1.0;
    };
    let [year, month, day, hour, minute, second, ..] = parts.as_slice() else {
        return -1.0;
    };
    seconds(*year, *month, [*day, *hour, *minute, *second]).map_or(-1.0, |seconds| seconds as f64)
}

fn seconds(year: i64, month: i64, rest: [i64; 4]) -> Option<i64> {
    let [day, hour, minute, second] = rest;
    let months = year.checked_mul(12)?.checked_add(month.checked_sub(1)?)?;
    let year = i16::try_from(months.div_euclid(12)).ok()?;
    let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
    let first = DateTime::new(year, month, 1, 0, 0, 0, 0).ok()?;
    let first = first.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    let days = day.checked_sub(1)?.checked_mul(86_400)?;
    let within = hour
        .checked_mul(3600)?
        .checked_add(minute.checked_mul(60)?)?
        .checked_add(second)?;
    first.checked_add(days)?.checked_add(within)
}
