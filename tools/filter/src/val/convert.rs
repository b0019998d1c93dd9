//! From plain data to values.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;
use std::rc::Rc;

use super::value::Val;
use super::write::{Layout, write_json};

impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Self {
        Self::Num(value, None)
    }
}

impl From<isize> for Val {
    #[allow(clippy::cast_precision_loss, reason = "numbers are doubles")]
    fn from(value: isize) -> Self {
        let number = value as f64;
        // Beyond 2^53 the digits are kept beside the double.
        if (value.unsigned_abs() as u64) >> 53 > 0 {
            Self::Num(number, Some(Rc::new(value.to_string())))
        } else {
            Self::from(number)
        }
    }
}

impl From<usize> for Val {
    #[allow(clippy::cast_precision_loss, reason = "numbers are doubles")]
    fn from(value: usize) -> Self {
        Self::from(value as f64)
    }
}

impl From<String> for Val {
    fn from(value: String) -> Self {
        Self::text(value)
    }
}

/// The key of a slice in a path.
impl From<Range<Option<Val>>> for Val {
    fn from(range: Range<Option<Val>>) -> Self {
        Self::object([
            ("start", range.start.unwrap_or(Self::Null)),
            ("end", range.end.unwrap_or(Self::Null)),
        ])
    }
}

impl FromIterator<Val> for Val {
    fn from_iter<I: IntoIterator<Item = Val>>(values: I) -> Self {
        Self::Arr(Rc::new(values.into_iter().collect()))
    }
}

impl Display for Val {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut json = Vec::new();
        write_json(&mut json, &Layout::default(), self).map_err(|_| fmt::Error)?;
        formatter.write_str(&String::from_utf8_lossy(&json))
    }
}
