//! Numbers as they are spelled: the form in which jq 1.7 prints a number that nothing was
//! calculated with, and how two of them compare beyond the digits that a double holds.

use std::cmp::Ordering;

/// Digits without leading zeros, and the power of ten of the last one.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn parse(spelling: &str) -> Option<Self> {
        let (negative, rest) = match spelling.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, spelling.strip_prefix('+').unwrap_or(spelling)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = digits.trim_start_matches('0');
        Some(Self {
            negative,
            digits: if digits.is_empty() { "0" } else { digits }.to_owned(),
            exponent: exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?,
        })
    }

    /// The power of ten of the first digit.
    fn magnitude(&self) -> i64 {
        let digits = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        self.exponent.saturating_add(digits - 1)
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        let zero = |decimal: &Self| decimal.digits == "0";
        match (zero(self), zero(other)) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        let trimmed = |decimal: &Self| decimal.digits.trim_end_matches('0').to_owned();
        self.magnitude()
            .cmp(&other.magnitude())
            .then_with(|| trimmed(self).cmp(&trimmed(other)))
    }
}

/// A spelling in the form that jq 1.7 prints: the digits stay, the exponent is written one way.
/// Nothing if it is not decimal.
pub(super) fn canonical(spelling: &str) -> Option<String> {
    let decimal = Decimal::parse(spelling)?;
    let sign = if decimal.negative { "-" } else { "" };
    let digits = &decimal.digits;
    let magnitude = decimal.magnitude();
    if decimal.exponent == 0 {
        return Some(format!("{sign}{digits}"));
    }
    if decimal.exponent < 0 && magnitude >= -6 {
        let places = usize::try_from(-decimal.exponent).unwrap_or(0);
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        return Some(format!("{sign}{whole}.{fraction}"));
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    Some(format!("{sign}{first}{point}{rest}E{magnitude:+}"))
}

/// Compares two spellings whose doubles are the same.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (Some(left), Some(right)) = (Decimal::parse(left), Decimal::parse(right)) else {
        return Ordering::Equal;
    };
    let signed = |decimal: &Decimal| decimal.negative && decimal.digits != "0";
    match (signed(&left), signed(&right)) {
        (true, true) => right.cmp_magnitude(&left),
        (false, false) => left.cmp_magnitude(&right),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}
