//! `printf` and its directives, as those of C.

use std::fmt::Write;

use crate::value::Value;

/// The widest field and the highest precision: a directive cannot ask for gigabytes.
const MAX_WIDTH: usize = 1 << 20;

/// A directive: what stands between `%` and its letter.
#[derive(Default, Clone, Copy)]
struct Directive {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

/// Writes values as a format says. `convert` is how numbers become texts for `%s`.
pub(crate) fn format(
    out: &mut Vec<u8>,
    format: &[u8],
    values: &[Value],
    convert: &[u8],
) -> Result<(), String> {
    let mut values = values.iter();
    let mut next = || {
        let value = values.next();
        value.ok_or_else(|| "printf: not enough arguments to satisfy the format string".to_owned())
    };
    let mut rest = format;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        if let Some((b'%', after)) = rest.split_first() {
            out.push(b'%');
            rest = after;
            continue;
        }
        let start = rest;
        let mut directive = Directive::default();
        while let Some((flag, after)) = rest.split_first() {
            match flag {
                b'-' => directive.left = true,
                b'+' => directive.plus = true,
                b' ' => directive.space = true,
                b'#' => directive.alternate = true,
                b'0' => directive.zero = true,
                b'\'' => {}
                _ => break,
            }
            rest = after;
        }
        if let Some((b'*', after)) = rest.split_first() {
            let width = next()?.to_number();
            directive.left |= width < 0.0;
            directive.width = size(width.abs())?;
            rest = after;
        } else {
            directive.width = size(digits(&mut rest))?;
        }
        if let Some((b'.', after)) = rest.split_first() {
            rest = after;
            if let Some((b'*', after)) = rest.split_first() {
                let precision = next()?.to_number();
                directive.precision = (precision >= 0.0).then(|| size(precision)).transpose()?;
                rest = after;
            } else {
                directive.precision = Some(size(digits(&mut rest))?);
            }
        }
        while let Some((b'h' | b'l' | b'L' | b'q' | b'j' | b't' | b'z', after)) = rest.split_first()
        {
            rest = after;
        }
        let Some((letter, after)) = rest.split_first() else {
            // A directive without an end is text.
            out.push(b'%');
            out.extend_from_slice(start);
            return Ok(());
        };
        rest = after;
        match letter {
            b'd' | b'i' => directive.integer(out, next()?.to_number()),
            b'o' | b'x' | b'X' | b'u' => directive.unsigned(out, next()?.to_number(), *letter),
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                directive.float(out, next()?.to_number(), *letter);
            }
            b'%' => out.push(b'%'),
            b'c' => directive.text(out, &character(next()?)),
            b's' => {
                let text = next()?.to_text(convert);
                directive.text(out, &text);
            }
            _ => {
                out.push(b'%');
                out.extend_from_slice(start.get(..start.len() - rest.len()).unwrap_or_default());
            }
        }
    }
    Ok(())
}

fn digits(rest: &mut &[u8]) -> f64 {
    let mut number = 0.0;
    while let Some((digit @ b'0'..=b'9', after)) = rest.split_first() {
        number = number * 10.0 + f64::from(digit - b'0');
        *rest = after;
    }
    number
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked before"
)]
fn size(number: f64) -> Result<usize, String> {
    if number > MAX_WIDTH as f64 {
        return Err(format!("printf: a width may be at most {MAX_WIDTH}"));
    }
    Ok(number as usize)
}

/// `%c`: the character of a code, or the first one of a text.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "out of range is handled"
)]
fn character(value: &Value) -> Vec<u8> {
    if value.is_numeric() {
        let code = value.to_number() as u32;
        return match char::from_u32(code) {
            Some(char) => char.to_string().into_bytes(),
            None => vec![(code & 0xff) as u8],
        };
    }
    let text = value.to_text(b"%.6g");
    let length = cofferdam_regex::char_length(&text, 0).min(text.len());
    text.get(..length).unwrap_or_default().to_vec()
}

impl Directive {
    /// Puts blanks around a text. Width and precision count characters.
    fn text(self, out: &mut Vec<u8>, text: &[u8]) {
        let shown = match self.precision {
            Some(most) => crate::text::take(text, most),
            None => text,
        };
        self.pad(out, shown, crate::text::length(shown));
    }

    fn pad(self, out: &mut Vec<u8>, text: &[u8], length: usize) {
        let blanks = self.width.saturating_sub(length);
        if !self.left {
            out.extend(std::iter::repeat_n(b' ', blanks));
        }
        out.extend_from_slice(text);
        if self.left {
            out.extend(std::iter::repeat_n(b' ', blanks));
        }
    }

    /// A number in digits: sign or prefix first, then zeros, then the digits.
    fn number(self, out: &mut Vec<u8>, sign: &str, digits: &str, zeros: bool) {
        let length = sign.len() + digits.len();
        let mut text = sign.to_owned();
        if zeros && self.zero && !self.left {
            text.extend(std::iter::repeat_n('0', self.width.saturating_sub(length)));
        }
        text.push_str(digits);
        self.pad(out, text.as_bytes(), text.len());
    }

    fn sign(self, negative: bool) -> &'static str {
        match () {
            () if negative => "-",
            () if self.plus => "+",
            () if self.space => " ",
            () => "",
        }
    }

    fn integer(self, out: &mut Vec<u8>, number: f64) {
        if !number.is_finite() {
            return self.special(out, number);
        }
        let whole = number.trunc();
        let digits = self.at_least(format!("{:.0}", whole.abs()));
        self.number(
            out,
            self.sign(whole < 0.0),
            &digits,
            self.precision.is_none(),
        );
    }

    /// Zeros in front, up to the precision.
    fn at_least(self, digits: String) -> String {
        match self.precision {
            Some(0) if digits == "0" => String::new(),
            Some(most) if most > digits.len() => "0".repeat(most - digits.len()) + &digits,
            _ => digits,
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range"
    )]
    fn unsigned(self, out: &mut Vec<u8>, number: f64, letter: u8) {
        if !number.is_finite() {
            return self.special(out, number);
        }
        let whole = number.trunc();
        if !(-9_223_372_036_854_775_808.0..18_446_744_073_709_551_616.0).contains(&whole) {
            // No integer of 64 bits: gawk shows the value.
            return self.float(out, whole, b'g');
        }
        let whole = match whole < 0.0 {
            true => (whole as i64).cast_unsigned(),
            false => whole as u64,
        };
        let digits = match letter {
            b'o' => format!("{whole:o}"),
            b'x' => format!("{whole:x}"),
            b'X' => format!("{whole:X}"),
            _ => whole.to_string(),
        };
        let prefix = match letter {
            b'o' if self.alternate && whole != 0 => "0",
            b'x' if self.alternate && whole != 0 => "0x",
            b'X' if self.alternate && whole != 0 => "0X",
            _ => "",
        };
        self.number(
            out,
            prefix,
            &self.at_least(digits),
            self.precision.is_none(),
        );
    }

    fn float(self, out: &mut Vec<u8>, number: f64, letter: u8) {
        if !number.is_finite() {
            return self.special(out, number);
        }
        let precision = self.precision.unwrap_or(6);
        let upper = letter.is_ascii_uppercase();
        let size = number.abs();
        let digits = match letter {
            b'f' | b'F' => {
                let mut digits = format!("{size:.precision$}");
                if self.alternate && precision == 0 {
                    digits.push('.');
                }
                digits
            }
            b'e' | b'E' => exponent(size, precision, upper),
            _ => general(size, precision, upper, self.alternate),
        };
        let negative = number.is_sign_negative();
        self.number(out, self.sign(negative), &digits, true);
    }

    /// Infinities and NaN; gawk shows the sign always.
    fn special(self, out: &mut Vec<u8>, number: f64) {
        let word = if number.is_nan() { "nan" } else { "inf" };
        let sign = if number.is_sign_negative() { "-" } else { "+" };
        let text = format!("{sign}{word}");
        self.pad(out, text.as_bytes(), text.len());
    }
}

/// `%e`
fn exponent(number: f64, precision: usize, upper: bool) -> String {
    let text = format!("{number:.precision$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = match power.strip_prefix('-') {
        Some(power) => ('-', power),
        None => ('+', power),
    };
    let letter = if upper { 'E' } else { 'e' };
    format!("{digits}{letter}{sign}{power:0>2}")
}

/// `%g`: so many significant digits, without zeros at the end.
pub(crate) fn general(number: f64, precision: usize, upper: bool, zeros: bool) -> String {
    let precision = precision.max(1);
    if number == 0.0 {
        return if zeros && precision > 1 {
            format!("{number:.*}", precision - 1)
        } else {
            format!("{number:.0}")
        };
    }
    let text = format!("{number:.*e}", precision - 1);
    let power: i32 = text
        .split_once('e')
        .and_then(|(_, power)| power.parse().ok())
        .unwrap_or(0);
    let digits = i32::try_from(precision).unwrap_or(i32::MAX);
    if power < -4 || power >= digits {
        let full = exponent(number, precision - 1, upper);
        if zeros {
            return full;
        }
        let at = full.find(['e', 'E']).unwrap_or(full.len());
        let (digits, power) = full.split_at(at);
        let mut out = trimmed(digits).to_owned();
        // Writing to a text does not fail.
        write!(out, "{power}").ok();
        return out;
    }
    let decimals = usize::try_from(digits - 1 - power).unwrap_or(0);
    let full = format!("{number:.decimals$}");
    if zeros {
        full
    } else {
        trimmed(&full).to_owned()
    }
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}
