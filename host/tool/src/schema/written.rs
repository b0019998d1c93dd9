//! One object of a schema, as it is written.

use serde_json::{Map, Number, Value};

use super::error::SchemaError;
use super::node::{Id, Type};
use super::sentence::{at, escaped, shown};

/// One object that is read.
pub(super) struct Written<'a> {
    pub(super) map: &'a Map<String, Value>,
    pub(super) id: Id,
    /// The beginning of its pointer, as sentences show it.
    pub(super) place: String,
    pub(super) nesting: usize,
}

impl Written<'_> {
    pub(super) fn get(&self, keyword: &str) -> Option<&Value> {
        self.map.get(keyword)
    }

    pub(super) fn below(&self, keyword: &str) -> String {
        format!("{}/{}", self.place, escaped(keyword))
    }

    pub(super) fn wrong(&self, keyword: &str, expected: &str) -> SchemaError {
        let found = self.get(keyword).map(shown).unwrap_or_default();
        SchemaError::new(format!(
            "{}: {found} is not {expected}",
            at(&self.below(keyword))
        ))
    }

    /// A count. One that is larger than every count is as good as none.
    pub(super) fn count(&self, keyword: &str) -> Result<Option<u64>, SchemaError> {
        let Some(value) = self.get(keyword) else {
            return Ok(None);
        };
        let count = match value {
            Value::Number(number) if number.is_u64() => number.as_u64(),
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a cast of doubles saturates"
            )]
            Value::Number(number) => number
                .as_f64()
                .filter(|float| *float >= 0.0 && float.fract() == 0.0)
                .map(|float| float as u64),
            _ => None,
        };
        count
            .map(Some)
            .ok_or_else(|| self.wrong(keyword, "a count"))
    }

    pub(super) fn range(&self, least: &str, most: &str) -> Result<Option<(u64, u64)>, SchemaError> {
        let least = self.count(least)?;
        let most = self.count(most)?;
        Ok((least.is_some() || most.is_some())
            .then(|| (least.unwrap_or(0), most.unwrap_or(u64::MAX))))
    }

    pub(super) fn number(&self, keyword: &str) -> Result<Option<Number>, SchemaError> {
        match self.get(keyword) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number.clone())),
            Some(_) => Err(self.wrong(keyword, "a number")),
        }
    }

    pub(super) fn map(&self, keyword: &str) -> Result<Option<&Map<String, Value>>, SchemaError> {
        match self.get(keyword) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(_) => Err(self.wrong(keyword, "an object")),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self, keyword: &str, list: &Value) -> Result<Vec<String>, SchemaError> {
        let texts = list.as_array().map(|list| {
            list.iter()
                .map(|text| text.as_str().map(str::to_owned))
                .collect()
        });
        texts
            .flatten()
            .ok_or_else(|| self.wrong(keyword, "a list of names"))
    }

    pub(super) fn types(&self) -> Result<Option<Vec<Type>>, SchemaError> {
        let Some(value) = self.get("type") else {
            return Ok(None);
        };
        let of = |value: &Value| {
            Type::ALL
                .into_iter()
                .find(|kind| value.as_str() == Some(kind.name()))
        };
        let types: Option<Vec<Type>> = match value {
            Value::Array(list) if list.len() <= Type::ALL.len() => list.iter().map(of).collect(),
            one => of(one).map(|kind| vec![kind]),
        };
        types.map(Some).ok_or_else(|| {
            let names = Type::ALL.map(Type::name).join(", ");
            self.wrong("type", &format!("a type or a list of them: {names}"))
        })
    }
}
