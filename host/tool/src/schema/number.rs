//! Numbers of JSON: compared by their value, whatever they are written as.

use std::cmp::Ordering;

use serde_json::Number;

/// Integers that a double holds exactly end here, and doubles beyond it are integers (2^53).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Doubles of this size and more are no 128-bit integers (2^126).
const LARGE: f64 = 8.507_059_173_023_462e37;

/// The number as an integer, if it is one.
pub(super) fn integer(number: &Number) -> Option<i128> {
    if let Some(unsigned) = number.as_u64() {
        return Some(unsigned.into());
    }
    if let Some(signed) = number.as_i64() {
        return Some(signed.into());
    }
    let float = number.as_f64()?;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "it has no fraction and is small enough"
    )]
    (float.fract() == 0.0 && float.abs() < LARGE).then_some(float as i128)
}

/// True for 1 and 1.0, and for doubles too large to have a fraction.
pub(super) fn is_integer(number: &Number) -> bool {
    integer(number).is_some() || number.as_f64().is_some_and(|float| float.abs() >= EXACT)
}

pub(super) fn compare(a: &Number, b: &Number) -> Ordering {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        // One of them has a fraction or is very large, and rounding the other does not change the
        // order.
        _ => {
            let a = a.as_f64().unwrap_or_default();
            let b = b.as_f64().unwrap_or_default();
            a.partial_cmp(&b).unwrap_or(Ordering::Equal)
        }
    }
}

/// True if `number` is a multiple of `divisor`, which is above 0. Both are taken as they are
/// written, in tens: 0.3 is a multiple of 0.1.
pub(super) fn is_multiple(number: &Number, divisor: &Number) -> bool {
    let (Some(number), Some(divisor)) = (Decimal::of(number), Decimal::of(divisor)) else {
        return false;
    };
    let shift = number.exponent.saturating_sub(divisor.exponent);
    let zeros = shift.unsigned_abs();
    match shift {
        0.. => number.remainder(zeros, divisor.digits) == Some(0),
        // The divisor has so many zeros more.
        _ => match 10_u128
            .checked_pow(zeros)
            .and_then(|power| power.checked_mul(divisor.digits.into()))
        {
            Some(divisor) => u128::from(number.digits).checked_rem(divisor) == Some(0),
            None => number.digits == 0,
        },
    }
}

/// `digits` times ten to the power of `exponent`, without its sign.
struct Decimal {
    digits: u64,
    exponent: i32,
}

impl Decimal {
    /// The number as it is written with the fewest digits.
    fn of(number: &Number) -> Option<Self> {
        let text = number.to_string();
        let text = text.trim_start_matches('-');
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{whole}{fraction}").parse().ok()?;
        let places = i32::try_from(fraction.len()).ok()?;
        Some(Self {
            digits,
            exponent: exponent.parse::<i32>().ok()?.checked_sub(places)?,
        })
    }

    /// Returns what is left of the digits and so many zeros when they are divided.
    fn remainder(&self, zeros: u32, divisor: u64) -> Option<u64> {
        let divisor = u128::from(divisor);
        let rest = u128::from(self.digits).checked_rem(divisor)?;
        let rest = rest
            .checked_mul(power_of_ten(zeros, divisor)?)?
            .checked_rem(divisor)?;
        u64::try_from(rest).ok()
    }
}

/// Returns the remainder of a power of ten, by squaring: a double has up to 308 zeros and 340
/// places. `divisor` has 64 bits, so that the product of two remainders has at most 128.
fn power_of_ten(zeros: u32, divisor: u128) -> Option<u128> {
    let mut power = 1_u128.checked_rem(divisor)?;
    let mut square = 10_u128.checked_rem(divisor)?;
    let mut left = zeros;
    while left > 0 {
        if left & 1 == 1 {
            power = power.checked_mul(square)?.checked_rem(divisor)?;
        }
        square = square.checked_mul(square)?.checked_rem(divisor)?;
        left >>= 1;
    }
    Some(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn multiples_are_those_of_the_written_numbers() {
        for (value, divisor, expected) in [
            ("10", "5", true),
            ("7", "2", false),
            ("0", "0.01", true),
            ("4.5", "1.5", true),
            ("35", "1.5", false),
            ("0.3", "0.1", true),
            ("0.0075", "0.0001", true),
            ("0.00751", "0.0001", false),
            ("1e308", "0.5", true),
            ("1e308", "0.123456789", false),
            ("1e300", "0.1", true),
            ("1", "1e300", false),
            ("0", "1e300", true),
            ("12391239123", "1e-8", true),
            ("-9", "3", true),
            ("18446744073709551615", "5", true),
            ("1e-300", "1e-301", true),
            ("1e308", "5e-324", true),
            ("1e308", "7", false),
            ("7e300", "7", true),
            ("3e300", "1.8446744073709551e-20", false),
            ("1e20", "18446744073709551557", false),
        ] {
            assert_eq!(
                is_multiple(&number(value), &number(divisor)),
                expected,
                "{value} {divisor}"
            );
        }
    }

    #[test]
    fn numbers_are_compared_by_value() {
        for (a, b, expected) in [
            ("1", "1.0", Ordering::Equal),
            ("-1", "18446744073709551615", Ordering::Less),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("9007199254740993", "9007199254740992.0", Ordering::Greater),
            ("1e300", "18446744073709551615", Ordering::Greater),
            ("-1e300", "-9223372036854775808", Ordering::Less),
            ("0.5", "1", Ordering::Less),
            ("-0.0", "0", Ordering::Equal),
        ] {
            assert_eq!(compare(&number(a), &number(b)), expected, "{a} {b}");
        }
        assert!(
            ["1", "1.0", "1e3", "1e300", "-0.0"]
                .iter()
                .all(|text| is_integer(&number(text)))
        );
        assert!(
            ["1.5", "1e-3"]
                .iter()
                .all(|text| !is_integer(&number(text)))
        );
    }
}
