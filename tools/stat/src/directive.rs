//! One directive of a format: `%`, flags, a width, a precision and a letter.

use crate::status::Time;

/// The most columns of one directive. More would fill the output with blanks.
const MOST: usize = 4096;

/// Digits of a fraction of a second where the precision has none.
const NANOSECONDS: usize = 9;

/// The part between `%` and the letter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Form {
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    pub(crate) alternative: bool,
    width: usize,
    precision: Option<Precision>,
}

/// The part behind a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precision {
    /// A dot alone.
    Default,
    Digits(usize),
}

impl Form {
    /// Reads a form. Returns it with the text behind it.
    pub(crate) fn parse(text: &str) -> (Self, &str) {
        let mut form = Self::default();
        let mut rest = text;
        while let Some(flag) = rest.chars().next() {
            match flag {
                '-' => form.left = true,
                '0' => form.zero = true,
                '+' => form.plus = true,
                ' ' => form.space = true,
                '#' => form.alternative = true,
                // Thousands are not parted in this language.
                '\'' | 'I' => {}
                _ => break,
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        let (width, after) = digits(rest);
        form.width = width.unwrap_or_default();
        rest = after;
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = digits(after);
            form.precision = Some(precision.map_or(Precision::Default, Precision::Digits));
            rest = after;
        }
        (form, rest)
    }

    /// Returns a text in its columns.
    pub(crate) fn text(self, text: &str) -> String {
        let shown: String = match self.precision {
            Some(Precision::Digits(most)) => text.chars().take(most).collect(),
            Some(Precision::Default) => String::new(),
            None => text.to_owned(),
        };
        self.pad("", &shown, false)
    }

    /// Returns a number in its columns.
    pub(crate) fn number(self, number: i64) -> String {
        let mut digits = number.unsigned_abs().to_string();
        if let Some(Precision::Digits(least)) = self.precision {
            digits = format!("{digits:0>width$}", width = least.min(MOST));
        }
        let zero = self.zero && self.precision.is_none();
        self.pad(self.sign(number < 0), &digits, zero)
    }

    /// Returns a time in seconds, with as many digits of their fraction as the precision says.
    pub(crate) fn seconds(self, time: Time) -> String {
        let digits = match self.precision {
            None => 0,
            Some(Precision::Default) => NANOSECONDS,
            Some(Precision::Digits(digits)) => digits.min(MOST),
        };
        let is_negative = time.seconds < 0;
        let mut shown = time.seconds.unsigned_abs().to_string();
        if digits > 0 {
            let nanoseconds = format!("{:09}", time.nanoseconds);
            let fraction: String = nanoseconds
                .chars()
                .chain(std::iter::repeat('0'))
                .take(digits)
                .collect();
            shown = format!("{shown}.{fraction}");
        }
        self.pad(self.sign(is_negative), &shown, self.zero)
    }

    fn sign(self, is_negative: bool) -> &'static str {
        if is_negative {
            "-"
        } else if self.plus {
            "+"
        } else if self.space {
            " "
        } else {
            ""
        }
    }

    fn pad(self, sign: &str, text: &str, zero: bool) -> String {
        let length = text.chars().count().saturating_add(sign.len());
        let missing = self.width.min(MOST).saturating_sub(length);
        if self.left {
            format!("{sign}{text}{}", " ".repeat(missing))
        } else if zero {
            format!("{sign}{}{text}", "0".repeat(missing))
        } else {
            format!("{}{sign}{text}", " ".repeat(missing))
        }
    }
}

/// Reads a number at the beginning of a text. Returns it with the text behind it.
fn digits(text: &str) -> (Option<usize>, &str) {
    let end = text
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    // Beyond the largest number any is as good.
    let number = (!number.is_empty()).then(|| number.parse().unwrap_or(usize::MAX));
    (number, rest)
}
