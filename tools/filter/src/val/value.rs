//! The type of values.

use std::rc::Rc;

use indexmap::IndexMap;

use super::decimal::canonical;

/// Fields of an object, in the order in which they were written.
pub type Map = IndexMap<Rc<str>, Val, foldhash::fast::FixedState>;

/// An error of a filter: a value, most often a text.
pub(crate) type Error = jaq_core::Error<Val>;

/// A value. Copies are cheap, and a value that nobody else has is changed in its place.
#[derive(Debug, Clone)]
pub enum Val {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, with its spelling while nothing was calculated with it: digits that a double does
    /// not hold are kept.
    Num(f64, Option<Rc<String>>),
    /// A text.
    Str(Rc<str>),
    /// An array.
    Arr(Rc<Vec<Val>>),
    /// An object.
    Obj(Rc<Map>),
}

impl Val {
    /// A text.
    pub fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Str(text.into())
    }

    /// An array.
    pub fn array(values: impl IntoIterator<Item = Val>) -> Self {
        Self::Arr(Rc::new(values.into_iter().collect()))
    }

    /// An object, of names and values.
    pub fn object<K: Into<Rc<str>>>(pairs: impl IntoIterator<Item = (K, Val)>) -> Self {
        Self::Obj(Rc::new(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        ))
    }

    /// A number as it is spelled, if it is one: an optional sign, digits with at most one point, an
    /// optional exponent.
    pub fn number(spelling: &str) -> Option<Self> {
        let digits = spelling.strip_prefix(['+', '-']).unwrap_or(spelling);
        if !digits.starts_with(|char: char| char.is_ascii_digit() || char == '.') {
            return None;
        }
        let value: f64 = spelling.parse().ok()?;
        let number = Self::Num(value, None);
        // Most numbers are short and whole.
        let digits = spelling.bytes().all(|byte| byte.is_ascii_digit());
        if digits && spelling.len() <= 15 && !spelling.starts_with('0') {
            return Some(number);
        }
        let kept = canonical(spelling).is_none_or(|canonical| canonical != number.to_string());
        Some(if !kept {
            number
        } else {
            Self::Num(value, Some(Rc::new(spelling.to_owned())))
        })
    }

    /// The kind of value, as `type` names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Num(..) => "number",
            Self::Str(_) => "string",
            Self::Arr(_) => "array",
            Self::Obj(_) => "object",
        }
    }

    /// Returns false for `null` and `false`, as conditions see it.
    pub fn is_true(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    /// The text as `tostring` gives it: a text is itself, everything else is JSON.
    pub(crate) fn to_text(&self) -> Rc<str> {
        match self {
            Self::Str(text) => text.clone(),
            other => other.to_string().into(),
        }
    }

    /// Kind and value for a message, the value cut to a few characters.
    pub(crate) fn named(&self) -> String {
        format!("{} ({})", self.kind(), self.cut(11))
    }

    /// An error: it has no such index.
    pub(crate) fn no_index(&self, key: &Val) -> Error {
        let kind = self.kind();
        error(match key {
            Self::Str(name) => format!("Cannot index {kind} with string \"{name}\""),
            key => format!("Cannot index {kind} with {}", key.kind()),
        })
    }

    /// An error: it has no elements.
    pub(crate) fn no_iteration(&self) -> Error {
        error(format!("Cannot iterate over {}", self.named()))
    }

    /// JSON of at most `most` bytes and a mark where more was cut.
    pub(crate) fn cut(&self, most: usize) -> String {
        let mut json = self.to_string();
        if json.len() > most + 3 {
            json.truncate(json.floor_char_boundary(most));
            json.push_str("...");
        }
        json
    }
}

/// An error that is a sentence.
pub(crate) fn error(sentence: impl Into<String>) -> Error {
    Error::new(Val::text(sentence.into()))
}
