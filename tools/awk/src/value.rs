//! Values, and how they become numbers, texts and truth.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::rc::Rc;

use cofferdam_regex::Regex;
use indexmap::IndexMap;

use crate::format;
use crate::number;

/// A text; bytes, mostly UTF-8.
pub(crate) type Text = Rc<[u8]>;

/// An array, by the texts of its subscripts.
pub(crate) type Array = Rc<RefCell<IndexMap<Text, Value>>>;

/// A value.
#[derive(Clone)]
pub(crate) enum Value {
    /// Of a variable that nothing was assigned to: 0 and the empty text.
    Unset,
    Number(f64),
    Text(Text),
    /// Text from outside, which is a number if it looks like one.
    Input(Text),
    /// An array as a whole; only variables and arguments hold it.
    Array(Array),
    /// `/…/` as an argument.
    Regex(Rc<Regex>),
}

impl Value {
    pub(crate) fn text(bytes: impl Into<Text>) -> Self {
        Self::Text(bytes.into())
    }

    pub(crate) fn truth(truth: bool) -> Self {
        Self::Number(if truth { 1.0 } else { 0.0 })
    }

    /// A count, as the number that it is.
    #[allow(
        clippy::cast_precision_loss,
        reason = "texts are shorter than 2^53 bytes"
    )]
    pub(crate) fn count(count: usize) -> Self {
        Self::Number(count as f64)
    }

    pub(crate) fn to_number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(text) | Self::Input(text) => number::prefix(text),
            _ => 0.0,
        }
    }

    /// The text; `format` is how numbers with a fraction are written.
    pub(crate) fn to_text(&self, format: &[u8]) -> Text {
        match self {
            Self::Text(text) | Self::Input(text) => Rc::clone(text),
            Self::Number(number) => number_text(*number, format).into(),
            _ => Rc::from([]),
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Number(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Input(text) => {
                number::whole(text).map_or(!text.is_empty(), |number| number != 0.0)
            }
            _ => false,
        }
    }

    /// The number that this is, if it compares as one.
    fn numeric(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Input(text) => number::whole(text),
            Self::Unset => Some(0.0),
            _ => None,
        }
    }

    /// Compares as numbers if both are some, else as texts. `None` for what is not a number.
    pub(crate) fn compare(&self, other: &Self, format: &[u8], fold: bool) -> Option<Ordering> {
        if let (Some(one), Some(two)) = (self.numeric(), other.numeric()) {
            return one.partial_cmp(&two);
        }
        let one = self.to_text(format);
        let two = other.to_text(format);
        if fold {
            let lower = |text: &[u8]| String::from_utf8_lossy(text).to_lowercase();
            return Some(lower(&one).cmp(&lower(&two)));
        }
        Some(one.cmp(&two))
    }

    /// Returns true for a number, or text from outside that looks like one.
    pub(crate) fn is_numeric(&self) -> bool {
        matches!(self, Self::Number(_))
            || matches!(self, Self::Input(text) if number::whole(text).is_some())
    }
}

/// A number as text: whole ones with all their digits, others as the format says.
pub(crate) fn number_text(number: f64, format: &[u8]) -> Vec<u8> {
    if number.is_finite() && number == number.trunc() {
        // Never `-0`, and all digits of numbers that no integer type holds.
        return format!("{:.0}", number + 0.0).into_bytes();
    }
    if number.is_finite() && format == b"%.6g" {
        return format::general(number, 6, false, false).into_bytes();
    }
    let mut out = Vec::new();
    match format::format(&mut out, format, &[Value::Number(number)], b"%.6g") {
        Ok(()) => out,
        Err(_) => format::general(number, 6, false, false).into_bytes(),
    }
}
