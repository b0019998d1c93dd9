//! Fields of a request, read leniently: a field that is absent or null has its default, one that
//! the contract does not know is ignored.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::failure::Failure;

/// The fields of one object of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    /// None for an object that is absent.
    object: Option<&'a Map<String, Value>>,
    /// The path of the object with a dot after it; empty for the request itself.
    path: &'static str,
}

impl<'a> Fields<'a> {
    /// The fields of the request itself.
    pub(super) fn of(request: &'a Map<String, Value>) -> Self {
        Self {
            object: Some(request),
            path: "",
        }
    }

    /// The fields of an object in it. `path` is the key with a dot after it.
    pub(super) fn section(&self, path: &'static str) -> Result<Self, Failure> {
        let key = path.trim_end_matches('.');
        let object = match self.value(key) {
            None => None,
            Some(Value::Object(object)) => Some(object),
            Some(_) => return Err(self.wrong(key, "an object")),
        };
        Ok(Self { object, path })
    }

    /// A text without white space around it; empty when it is absent.
    pub(super) fn text(&self, key: &str) -> Result<String, Failure> {
        match self.value(key) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.trim().to_owned()),
            Some(_) => Err(self.wrong(key, "a string")),
        }
    }

    /// The same in lower case.
    pub(super) fn word(&self, key: &str) -> Result<String, Failure> {
        Ok(self.text(key)?.to_lowercase())
    }

    /// Words in the order in which they came first, without blank ones.
    pub(super) fn words(&self, key: &str) -> Result<Vec<String>, Failure> {
        let wrong = || self.wrong(key, "a list of strings");
        let list = match self.value(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(wrong()),
        };
        let mut words = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for value in list {
            let word = value.as_str().ok_or_else(wrong)?.trim().to_lowercase();
            if !word.is_empty() && seen.insert(word.clone()) {
                words.push(word);
            }
        }
        Ok(words)
    }

    /// A whole number; 0 when it is absent.
    pub(super) fn number(&self, key: &str) -> Result<i64, Failure> {
        match self.value(key) {
            None => Ok(0),
            Some(value) => value
                .as_i64()
                .ok_or_else(|| self.wrong(key, "a whole number")),
        }
    }

    /// A choice; false when it is absent.
    pub(super) fn flag(&self, key: &str) -> Result<bool, Failure> {
        match self.value(key) {
            None => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.wrong(key, "true or false")),
        }
    }

    /// A table of texts, in the order of its keys. Other scalars are taken as their text.
    pub(super) fn texts(&self, key: &str) -> Result<BTreeMap<String, String>, Failure> {
        let wrong = || self.wrong(key, "an object of strings");
        let table = match self.value(key) {
            None => return Ok(BTreeMap::new()),
            Some(Value::Object(table)) => table,
            Some(_) => return Err(wrong()),
        };
        let text = |(key, value): (&String, &Value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Array(_) | Value::Object(_) => return Err(wrong()),
            };
            Ok((key.clone(), text))
        };
        table.iter().map(text).collect()
    }

    /// A value that is there and is not null.
    fn value(&self, key: &str) -> Option<&'a Value> {
        let value = self.object.and_then(|object| object.get(key));
        value.filter(|value| !value.is_null())
    }

    fn wrong(&self, key: &str, expected: &str) -> Failure {
        Failure::field(format!("{}{key}", self.path), expected)
    }
}
