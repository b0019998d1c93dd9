//! Numbers as text has them.

/// The number that a text begins with, or 0. Hexadecimal digits and words are none.
pub(crate) fn prefix(text: &[u8]) -> f64 {
    let start = blanks(text);
    let rest = text.get(start..).unwrap_or_default();
    if let Some(special) = special(rest) {
        return special;
    }
    let length = length(rest);
    parse(rest.get(..length).unwrap_or_default())
}

/// The number that a text is, with blanks around it.
pub(crate) fn whole(text: &[u8]) -> Option<f64> {
    let start = blanks(text);
    let rest = text.get(start..)?;
    let end = rest.len()
        - rest
            .iter()
            .rev()
            .take_while(|byte| is_blank(**byte))
            .count();
    let rest = rest.get(..end)?;
    if let Some(special) = special(rest)
        && rest.len() == 4
    {
        return Some(special);
    }
    let length = length(rest);
    (length > 0 && length == rest.len()).then(|| parse(rest))
}

/// The length of the decimal number that a text begins with; 0 if there is none.
pub(crate) fn length(text: &[u8]) -> usize {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut at = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let whole = digits(at);
    at += whole;
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        fraction = digits(at + 1);
        if whole + fraction > 0 {
            at += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return 0;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    at
}

fn parse(text: &[u8]) -> f64 {
    let text = std::str::from_utf8(text).unwrap_or_default();
    text.parse().unwrap_or(0.0)
}

/// `+inf`, `-inf`, `+nan` and `-nan`: gawk knows them with a sign.
fn special(text: &[u8]) -> Option<f64> {
    let word = text.get(1..4)?.to_ascii_lowercase();
    if text.get(4).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let number = match word.as_slice() {
        b"inf" => f64::INFINITY,
        b"nan" => f64::NAN,
        _ => return None,
    };
    match text.first()? {
        b'+' => Some(number),
        b'-' => Some(-number),
        _ => None,
    }
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_blank(**byte)).count()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// `strtonum`: decimal, `0x` hexadecimal or `0` octal.
pub(crate) fn any_radix(text: &[u8]) -> f64 {
    let text = text.get(blanks(text)..).unwrap_or_default();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let number = match digits {
        [b'0', b'x' | b'X', rest @ ..] => in_radix(rest, 16),
        [b'0', rest @ ..] if length(digits) == digits_of(digits) && is_octal(rest) => {
            in_radix(rest, 8)
        }
        _ => return prefix(text),
    };
    if negative { -number } else { number }
}

fn digits_of(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn is_octal(text: &[u8]) -> bool {
    text.iter()
        .take_while(|byte| byte.is_ascii_digit())
        .all(|byte| (b'0'..=b'7').contains(byte))
}

fn in_radix(text: &[u8], radix: u32) -> f64 {
    let digits = text
        .iter()
        .map_while(|byte| char::from(*byte).to_digit(radix));
    digits.fold(0.0, |number, digit| {
        number * f64::from(radix) + f64::from(digit)
    })
}
