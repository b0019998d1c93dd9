//! Numbers, as the orders of GNU sort read them at the beginning of a text.

use std::cmp::Ordering;

/// Units of `-h`, in their order.
const UNITS: &[u8] = b"KMGTPEZYRQ";

/// Compares decimal numbers digit by digit, so that their length has no bound (`-n`).
pub(crate) fn numeric(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (Decimal::read(a), Decimal::read(b));
    match (a.is_negative(), b.is_negative()) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => a.magnitude(&b),
        (true, true) => b.magnitude(&a),
    }
}

/// Compares by sign and unit before the number (`-h`).
pub(crate) fn human(a: &[u8], b: &[u8]) -> Ordering {
    unit(a).cmp(&unit(b)).then_with(|| numeric(a, b))
}

/// The rank of the unit behind a number, below zero for a number below zero.
fn unit(text: &[u8]) -> i8 {
    let number = Decimal::read(text);
    if number.is_zero() {
        return 0;
    }
    let letter = number.rest.first().map(u8::to_ascii_uppercase);
    // In lower case only `k` is a unit.
    let counts = matches!(number.rest.first(), Some(b'k' | b'A'..=b'Z'));
    let rank = letter
        .filter(|_| counts)
        .and_then(|letter| UNITS.iter().position(|unit| *unit == letter))
        .map_or(0, |rank| i8::try_from(rank + 1).unwrap_or(0));
    if number.negative { -rank } else { rank }
}

/// A decimal number at the beginning of a text.
struct Decimal<'a> {
    negative: bool,
    /// Without zeros in front.
    whole: &'a [u8],
    /// Without zeros at the end.
    fraction: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Decimal<'a> {
    fn read(text: &'a [u8]) -> Self {
        let text = text.trim_ascii_start_blanks();
        let (negative, digits) = match text.split_first() {
            Some((b'-', digits)) => (true, digits),
            _ => (false, text),
        };
        let (whole, rest) = split_digits(digits);
        let (fraction, rest) = match rest.split_first() {
            Some((b'.', fraction)) => split_digits(fraction),
            _ => (&[][..], rest),
        };
        let zeros = whole.iter().take_while(|digit| **digit == b'0').count();
        let last = fraction.iter().rposition(|digit| *digit != b'0');
        Self {
            negative,
            whole: whole.get(zeros..).unwrap_or_default(),
            fraction: fraction
                .get(..last.map_or(0, |last| last + 1))
                .unwrap_or_default(),
            rest,
        }
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    /// `-0` is zero.
    fn is_negative(&self) -> bool {
        self.negative && !self.is_zero()
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let length = self.whole.len().cmp(&other.whole.len());
        length
            .then_with(|| self.whole.cmp(other.whole))
            .then_with(|| self.fraction.cmp(other.fraction))
    }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at_checked(count).unwrap_or((text, &[]))
}

/// Leaves out blanks in front, which are fewer than what Rust takes for white space.
trait TrimBlanks {
    fn trim_ascii_start_blanks(&self) -> &Self;
}

impl TrimBlanks for [u8] {
    fn trim_ascii_start_blanks(&self) -> &Self {
        let blanks = self
            .iter()
            .take_while(|byte| crate::field::is_blank(**byte))
            .count();
        self.get(blanks..).unwrap_or_default()
    }
}

/// Compares numbers in any notation of C (`-g`): what is none comes first, then NaN.
pub(crate) fn general(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |number: &Option<f64>| match number {
        None => 0,
        Some(number) if number.is_nan() => 1,
        Some(_) => 2,
    };
    let (a, b) = (float(a), float(b));
    rank(&a).cmp(&rank(&b)).then_with(|| match (a, b) {
        (Some(a), Some(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        _ => Ordering::Equal,
    })
}

/// The longest number at the beginning of a text.
fn float(text: &[u8]) -> Option<f64> {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text.split_first() {
        Some((b'-', digits)) => (-1.0, digits),
        Some((b'+', digits)) => (1.0, digits),
        _ => (1.0, text),
    };
    let lower: Vec<u8> = digits.iter().take(8).map(u8::to_ascii_lowercase).collect();
    let magnitude = match lower.as_slice() {
        [b'i', b'n', b'f', ..] => f64::INFINITY,
        [b'n', b'a', b'n', ..] => f64::NAN,
        [b'0', b'x', ..] => hexadecimal(digits.get(2..).unwrap_or_default()),
        _ => decimal(digits)?,
    };
    Some(sign * magnitude)
}

fn decimal(text: &[u8]) -> Option<f64> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = match rest.split_first() {
        Some((b'.', fraction)) => split_digits(fraction),
        _ => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = match rest.split_first() {
        Some((b'e' | b'E', exponent)) => {
            let signed = exponent
                .first()
                .is_some_and(|sign| matches!(sign, b'+' | b'-'));
            let (sign, digits) = exponent
                .split_at_checked(usize::from(signed))
                .unwrap_or((&[], exponent));
            let (digits, _) = split_digits(digits);
            [sign, digits].concat()
        }
        _ => Vec::new(),
    };
    let has_exponent = exponent.iter().any(u8::is_ascii_digit);
    let number = format!(
        "0{}.{}0e{}",
        String::from_utf8_lossy(whole),
        String::from_utf8_lossy(fraction),
        if has_exponent {
            String::from_utf8_lossy(&exponent).into_owned()
        } else {
            "0".to_owned()
        }
    );
    number.parse().ok()
}

/// Hexadecimal digits with a fraction, as `strtold` reads them, without an exponent.
fn hexadecimal(text: &[u8]) -> f64 {
    let mut number = 0.0;
    let mut scale: Option<f64> = None;
    for byte in text {
        match (char::from(*byte).to_digit(16), scale) {
            (Some(digit), None) => number = number * 16.0 + f64::from(digit),
            (Some(digit), Some(place)) => {
                number += f64::from(digit) * place;
                scale = Some(place / 16.0);
            }
            (None, None) if *byte == b'.' => scale = Some(1.0 / 16.0),
            _ => break,
        }
    }
    number
}
